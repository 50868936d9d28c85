using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Cluster;

/// <summary>The table <c>members</c>: the servers and workers that share the database.</summary>
internal sealed class MemberTable
{
    public required string Name { get; init; }

    public required string Kind { get; init; }

    public required string Instance { get; init; }

    public required string Home { get; init; }

    public required string State { get; init; }

    public required string Labels { get; init; }

    public int? Capacity { get; init; }

    public int Running { get; init; }

    public required string Places { get; init; }

    public required string Version { get; init; }

    public DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset LastSeenAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<MemberTable>(table =>
    {
        table.ToTable("members");
        table.HasKey(m => m.Name);
        table.Property(m => m.Name).HasMaxLength(200);
        table.Property(m => m.Kind).HasMaxLength(16);
        table.Property(m => m.Instance).HasMaxLength(256);
        table.Property(m => m.Home).HasMaxLength(64);
        table.Property(m => m.State).HasMaxLength(16);
        table.Property(m => m.Version).HasMaxLength(100);
    });
}
