using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Schedules;

/// <summary>The table <c>schedules</c>.</summary>
internal sealed class ScheduleTable
{
    public long Id { get; init; }

    public long DefinitionId { get; init; }

    public int Version { get; init; }

    public required string Fingerprint { get; init; }

    public required string Spec { get; init; }

    public int Priority { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }

    public required string ChangedBy { get; init; }

    public DateTimeOffset? NextTick { get; init; }

    public DateTimeOffset? NextAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<ScheduleTable>(table =>
    {
        table.ToTable("schedules");
        table.HasKey(s => s.Id);
        table.Property(s => s.Id).ValueGeneratedOnAdd();
        table.Property(s => s.Fingerprint).HasMaxLength(64);
        table.Property(s => s.ChangedBy).HasMaxLength(220);
        table.HasIndex(s => new { s.DefinitionId, s.Fingerprint }).IsUnique().HasDatabaseName("ux_schedules_definition");

        // The scheduler's question, asked once a second: which are due? Most have nothing to come within the next one.
        table.HasIndex(s => new { s.NextAt, s.Priority }).HasDatabaseName("ix_schedules_due").HasFilter("next_at IS NOT NULL");
    });
}

/// <summary>The table <c>schedule_suspensions</c>.</summary>
internal sealed class ScheduleSuspensionTable
{
    public long Id { get; init; }

    public long DefinitionId { get; init; }

    public required string Fingerprint { get; init; }

    public required string Spec { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<ScheduleSuspensionTable>(table =>
    {
        table.ToTable("schedule_suspensions");
        table.HasKey(s => s.Id);
        table.Property(s => s.Id).ValueGeneratedOnAdd();
        table.Property(s => s.Fingerprint).HasMaxLength(64);
        table.Property(s => s.CreatedBy).HasMaxLength(220);
        table.HasIndex(s => new { s.DefinitionId, s.Fingerprint }).IsUnique().HasDatabaseName("ux_schedule_suspensions_definition");
    });
}

/// <summary>The table <c>schedule_ticks</c>: its key is what makes a firing happen once.</summary>
internal sealed class ScheduleTickTable
{
    public long ScheduleId { get; init; }

    public DateTimeOffset Tick { get; init; }

    public DateTimeOffset DueAt { get; init; }

    public required string State { get; init; }

    public string? Owner { get; init; }

    public DateTimeOffset? LookAt { get; init; }

    public int Attempts { get; init; }

    public long? RunId { get; init; }

    public long Missed { get; init; }

    public string? Reason { get; init; }

    public DateTimeOffset ClaimedAt { get; init; }

    public DateTimeOffset? SettledAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<ScheduleTickTable>(table =>
    {
        table.ToTable("schedule_ticks");
        table.HasKey(t => new { t.ScheduleId, t.Tick });
        table.Property(t => t.State).HasMaxLength(16);
        table.Property(t => t.Owner).HasMaxLength(256);
        table.Property(t => t.Reason).HasMaxLength(1000);
        table.HasIndex(t => t.LookAt).HasDatabaseName("ix_schedule_ticks_open").HasFilter("look_at IS NOT NULL");
        table.HasIndex(t => new { t.ScheduleId, t.Tick }).HasDatabaseName("ix_schedule_ticks_runs").HasFilter("run_id IS NOT NULL");
        table.HasIndex(t => t.Tick).HasDatabaseName("ix_schedule_ticks_age");
    });
}
