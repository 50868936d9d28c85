using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence;

/// <summary>Facts about the database itself, such as which server set it up.</summary>
internal sealed class MetadataTable
{
    public required string Name { get; init; }

    public required string Value { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<MetadataTable>(table =>
    {
        table.ToTable("metadata");
        table.HasKey(m => m.Name);
        table.Property(m => m.Name).HasMaxLength(100);
    });
}
