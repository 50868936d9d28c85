using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Runs;

/// <summary>
/// The table <c>run_labels</c>, whose key is the index of label searches; not on PostgreSQL. It is searched and never read back, so values stand in it as
/// <see cref="Sql.SqlDialect.EncodeLabelValue"/> makes them.
/// </summary>
internal sealed class RunLabelTable
{
    /// <summary>Characters of <see cref="LabelKey"/> on SQL Server.</summary>
    public const int LongestKey = 160;

    /// <summary>Characters of <see cref="LabelValue"/> on SQL Server: with the rest of the key these are 888 of the 900 bytes that its index takes.</summary>
    public const int LongestValue = 280;

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
            table.Property(l => l.LabelKey).HasMaxLength(LongestKey);
            table.Property(l => l.LabelValue).HasMaxLength(LongestValue);
        });
    }
}
