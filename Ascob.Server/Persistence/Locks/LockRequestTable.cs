using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Locks;

/// <summary>The table <c>lock_requests</c>: who wants or holds which lock. The ticket is the place in line.</summary>
internal sealed class LockRequestTable
{
    public long RunId { get; init; }

    public required string LockKey { get; init; }

    public long Ticket { get; init; }

    public required string Mode { get; init; }

    public required string Policy { get; init; }

    public DateTimeOffset RequestedAt { get; init; }

    public DateTimeOffset? GrantedAt { get; init; }

    public long? Fence { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<LockRequestTable>(table =>
    {
        table.ToTable("lock_requests");
        table.HasKey(l => new { l.RunId, l.LockKey });
        table.Property(l => l.LockKey).HasMaxLength(210);
        table.Property(l => l.Mode).HasMaxLength(20);
        table.Property(l => l.Policy).HasMaxLength(20);
        table.HasIndex(l => new { l.LockKey, l.Ticket }).HasDatabaseName("ix_lock_requests_line");
        table.HasIndex(l => l.Ticket).HasDatabaseName("ix_lock_requests_ticket");
    });
}
