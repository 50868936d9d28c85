using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Notifications;

/// <summary>The table <c>notification_subscriptions</c>.</summary>
internal sealed class SubscriptionTable
{
    public long Id { get; init; }

    public required string Name { get; init; }

    public required string Kind { get; init; }

    public bool Enabled { get; init; }

    public string? DisabledReason { get; init; }

    public required string Events { get; init; }

    public required string Filter { get; init; }

    public required string Receiver { get; init; }

    /// <summary>Gets the full address and the keys, encrypted.</summary>
    public string? Secrets { get; init; }

    public string? Source { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    public DateTimeOffset ChangedAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<SubscriptionTable>(table =>
    {
        table.ToTable("notification_subscriptions");
        table.HasKey(s => s.Id);
        table.Property(s => s.Id).ValueGeneratedNever();
        table.Property(s => s.Name).HasMaxLength(200);
        table.Property(s => s.Kind).HasMaxLength(32);
        table.Property(s => s.Events).HasMaxLength(400);
        table.Property(s => s.Source).HasMaxLength(200);
        table.Property(s => s.CreatedBy).HasMaxLength(300);
    });
}
