using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Definitions;

/// <summary>The table <c>definition_versions</c>: what a definition said at a time. Rows are added and never changed.</summary>
internal sealed class DefinitionVersionTable
{
    public long DefinitionId { get; init; }

    public int Version { get; init; }

    public required string Content { get; init; }

    public string? ProtectedSecrets { get; init; }

    public DateTimeOffset SavedAt { get; init; }

    public string? SavedBy { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<DefinitionVersionTable>(table =>
    {
        table.ToTable("definition_versions");
        table.HasKey(v => new { v.DefinitionId, v.Version });
        table.Property(v => v.SavedBy).HasMaxLength(300);
    });
}
