using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The table <c>sequences</c>: the highest numbers ever given, noted before the rows that show them are deleted.</summary>
internal sealed class SequenceTable
{
    public required string Name { get; init; }

    public long Value { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<SequenceTable>(table =>
    {
        table.ToTable("sequences");
        table.HasKey(s => s.Name);
        table.Property(s => s.Name).HasMaxLength(100);
    });
}
