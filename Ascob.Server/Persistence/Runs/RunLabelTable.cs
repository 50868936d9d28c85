using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The table <c>run_labels</c>, whose key is the index of label searches; not on PostgreSQL.</summary>
internal sealed class RunLabelTable
{
    public required string LabelKey { get; init; }

    public required string LabelValue { get; init; }

    public long RunId { get; init; }

    public static void Configure(ModelBuilder model, AscobDbContext context)
    {
        if (context is Schema.PostgreSqlAscobDbContext)
        {
            return;
        }

        model.Entity<RunLabelTable>(table =>
        {
            table.ToTable("run_labels");
            table.HasKey(l => new { l.LabelKey, l.LabelValue, l.RunId });
            table.Property(l => l.LabelKey).HasMaxLength(160);
            table.Property(l => l.LabelValue).HasMaxLength(280);
        });
    }
}
