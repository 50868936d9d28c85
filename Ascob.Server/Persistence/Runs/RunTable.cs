using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Runs;

/// <summary>The table <c>runs</c>.</summary>
internal sealed class RunTable
{
    public long Id { get; init; }

    public long? ParentId { get; init; }

    public string? Description { get; init; }

    public string? Submitter { get; init; }

    public required string Spec { get; init; }

    public required string MarkerId { get; init; }

    public string? Token { get; init; }

    public DateTimeOffset DefinedAt { get; init; }

    public required string Status { get; init; }

    public string? StatusReason { get; init; }

    public long Version { get; init; }

    public string? ProtectedSecrets { get; init; }

    public string? BackendId { get; init; }

    public string? Route { get; init; }

    public string? BackendKeys { get; init; }

    public string? BackendStatus { get; init; }

    public string? BackendUrl { get; init; }

    public double? Progress { get; init; }

    public int Attempt { get; init; }

    public int? ExitCode { get; init; }

    public DateTimeOffset? SubmittedAt { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public DateTimeOffset? NextCheckAt { get; init; }

    public string? LeaseOwner { get; init; }

    public DateTimeOffset? LeaseUntil { get; init; }

    public DateTimeOffset? IntentAt { get; init; }

    public DateTimeOffset? WaitingSince { get; init; }

    public DateTimeOffset? AbortAt { get; init; }

    public bool AbortForce { get; init; }

    public bool TimedOut { get; init; }

    public int FailedChecks { get; init; }

    public bool HoldsSlot { get; init; }

    public long? QueueRank { get; init; }

    public string? Fences { get; init; }

    public string? ClaimedBy { get; init; }

    public string? IntentPlace { get; init; }

    public long? MaxMemoryKb { get; init; }

    public bool OutputArchived { get; init; }

    public bool HasFiles { get; init; }

    public int CallbackEvents { get; init; }

    /// <summary>Gets the labels as a document; PostgreSQL only.</summary>
    public string? Labels { get; init; }

    public long? DefinitionId { get; init; }

    public string? DefinitionName { get; init; }

    public int? DefinitionVersion { get; init; }

    public string? Cause { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<RunTable>(table =>
    {
        table.ToTable("runs");
        table.HasKey(r => r.Id);
        table.Property(r => r.Id).ValueGeneratedNever();
        table.Property(r => r.Submitter).HasMaxLength(256);
        table.Property(r => r.MarkerId).HasMaxLength(64);
        table.Property(r => r.Status).HasMaxLength(20);
        table.Property(r => r.BackendId).HasMaxLength(256);
        table.Property(r => r.LeaseOwner).HasMaxLength(256);
        table.Property(r => r.IntentPlace).HasMaxLength(400);
        table.HasIndex(r => new { r.Status, r.Id }).HasDatabaseName("ix_runs_status");
        table.HasIndex(r => new { r.Submitter, r.Id }).HasDatabaseName("ix_runs_submitter");
        table.HasIndex(r => new { r.BackendId, r.Id }).HasDatabaseName("ix_runs_backend");
        table.HasIndex(r => new { r.ParentId, r.Id }).HasDatabaseName("ix_runs_parent").HasFilter("parent_id IS NOT NULL");

        // Runs of definitions only, so that plain submissions do not touch them.
        table.Property(r => r.DefinitionName).HasMaxLength(180);
        table.HasIndex(r => new { r.DefinitionId, r.Id }).HasDatabaseName("ix_runs_definition").HasFilter("definition_id IS NOT NULL");
        table.HasIndex(r => new { r.DefinitionId, r.Status, r.EndedAt }).HasDatabaseName("ix_runs_definition_status").HasFilter("definition_id IS NOT NULL");
        table.HasIndex(r => new { r.DefinitionId, r.MaxMemoryKb }).HasDatabaseName("ix_runs_definition_memory").HasFilter("max_memory_kb IS NOT NULL");
        table.HasIndex(r => new { r.EndedAt, r.Id }).HasDatabaseName("ix_runs_ended").HasFilter("ended_at IS NOT NULL");
        table.HasIndex(r => new { r.DefinedAt, r.Id }).HasDatabaseName("ix_runs_defined");

        // Final runs have no next look, so the index holds the active ones only, however long the history.
        table.HasIndex(r => new { r.NextCheckAt, r.BackendId }).HasDatabaseName("ix_runs_due").HasFilter("next_check_at IS NOT NULL");

        // Runs that wait for a slot: no other run costs this index anything.
        table.HasIndex(r => new { r.BackendId, r.QueueRank }).HasDatabaseName("ix_runs_line").HasFilter("queue_rank IS NOT NULL");
    });
}
