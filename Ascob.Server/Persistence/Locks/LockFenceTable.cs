using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Locks;

/// <summary>The table <c>lock_fences</c>: the last fencing number of each lock. Rows are never deleted, so that no number comes twice.</summary>
internal sealed class LockFenceTable
{
    public required string LockKey { get; init; }

    public long Fence { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<LockFenceTable>(table =>
    {
        table.ToTable("lock_fences");
        table.HasKey(l => l.LockKey);
        table.Property(l => l.LockKey).HasMaxLength(210);
    });
}
