using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Backends;

/// <summary>The table <c>backend_slots</c>: how many runs hold a slot of a backend, over all servers.</summary>
internal sealed class BackendSlotTable
{
    public required string BackendId { get; init; }

    public int Used { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<BackendSlotTable>(table =>
    {
        table.ToTable("backend_slots");
        table.HasKey(s => s.BackendId);
        table.Property(s => s.BackendId).HasMaxLength(256);
    });
}
