using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The table <c>idempotency_keys</c>. A key lives as long as its run.</summary>
internal sealed class IdempotencyKeyTable
{
    public required string Scope { get; init; }

    public required string IdemKey { get; init; }

    public required string BodyHash { get; init; }

    public long RunId { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<IdempotencyKeyTable>(table =>
    {
        table.ToTable("idempotency_keys");
        table.HasKey(k => new { k.Scope, k.IdemKey });
        table.Property(k => k.Scope).HasMaxLength(190);
        table.Property(k => k.IdemKey).HasMaxLength(255);
        table.Property(k => k.BodyHash).HasMaxLength(64);
        table.HasIndex(k => k.RunId).HasDatabaseName("ix_idempotency_keys_run");
    });
}
