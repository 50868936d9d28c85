using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The table <c>run_events</c>. Its key is a second guard against two changes of the same version.</summary>
internal sealed class RunEventTable
{
    public long RunId { get; init; }

    public long Seq { get; init; }

    public DateTimeOffset AtTime { get; init; }

    public required string EventType { get; init; }

    public string? FromStatus { get; init; }

    public required string ToStatus { get; init; }

    public string? Actor { get; init; }

    public string? Reason { get; init; }

    public string? Data { get; init; }

    public long ChangeId { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<RunEventTable>(table =>
    {
        table.ToTable("run_events");
        table.HasKey(e => new { e.RunId, e.Seq });
        table.Property(e => e.EventType).HasMaxLength(40);
        table.Property(e => e.FromStatus).HasMaxLength(20);
        table.Property(e => e.ToStatus).HasMaxLength(20);
    });
}
