using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Notifications;

/// <summary>The table <c>notification_deliveries</c>: one notice to one subscription, on its way, delivered or dead.</summary>
internal sealed class DeliveryTable
{
    public long SubscriptionId { get; init; }

    public long RunId { get; init; }

    public long Seq { get; init; }

    public required string Kind { get; init; }

    public DateTimeOffset AtTime { get; init; }

    public required string Facts { get; init; }

    public required string State { get; init; }

    public int Attempts { get; init; }

    public DateTimeOffset DueAt { get; init; }

    public DateTimeOffset Since { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? LastError { get; init; }

    public string? LeaseOwner { get; init; }

    public DateTimeOffset? LeaseUntil { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<DeliveryTable>(table =>
    {
        table.ToTable("notification_deliveries");

        // In this order the key answers both what a page of the list asks and whether an earlier notice of a run is still on its way.
        table.HasKey(d => new { d.RunId, d.SubscriptionId, d.Seq });
        table.Property(d => d.Kind).HasMaxLength(32);
        table.Property(d => d.State).HasMaxLength(16);
        table.Property(d => d.LastError).HasMaxLength(1000);
        table.Property(d => d.LeaseOwner).HasMaxLength(256);
        table.HasIndex(d => new { d.SubscriptionId, d.State, d.DueAt }).HasDatabaseName("ix_notification_deliveries_due");
        table.HasIndex(d => new { d.State, d.EndedAt }).HasDatabaseName("ix_notification_deliveries_ended");
    });
}
