using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Locks;

/// <summary>The table <c>lock_keeps</c>: the locks that are kept in Consul for Ascob, whichever run has them, and by which session.</summary>
internal sealed class LockKeepTable
{
    public required string LockKey { get; init; }

    public required string Session { get; init; }

    public required string Server { get; init; }

    public long ModifyIndex { get; init; }

    public long CreateIndex { get; init; }

    public DateTimeOffset? QuarantinedAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<LockKeepTable>(table =>
    {
        table.ToTable("lock_keeps");
        table.HasKey(l => l.LockKey);
        table.Property(l => l.LockKey).HasMaxLength(210);
        table.Property(l => l.Session).HasMaxLength(64);
        table.Property(l => l.Server).HasMaxLength(200);
    });
}
