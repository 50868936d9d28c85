using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Notifications;

/// <summary>The table <c>notices</c>: what happened and nobody has planned yet who is told of it. Its rows are written with the event and live for moments.</summary>
internal sealed class NoticeTable
{
    public long RunId { get; init; }

    public long Seq { get; init; }

    public required string Kind { get; init; }

    public DateTimeOffset AtTime { get; init; }

    public required string Facts { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<NoticeTable>(table =>
    {
        table.ToTable("notices");
        table.HasKey(n => new { n.RunId, n.Seq });
        table.Property(n => n.Kind).HasMaxLength(32);
    });
}
