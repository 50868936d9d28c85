using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Backends;

/// <summary>The table <c>backend_states</c>: what operators ordered about backends.</summary>
internal sealed class BackendStateTable
{
    public required string BackendId { get; init; }

    public bool Drained { get; init; }

    public DateTimeOffset ChangedAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<BackendStateTable>(table =>
    {
        table.ToTable("backend_states");
        table.HasKey(s => s.BackendId);
        table.Property(s => s.BackendId).HasMaxLength(256);
    });
}
