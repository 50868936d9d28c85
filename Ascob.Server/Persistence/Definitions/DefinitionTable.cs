using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Definitions;

/// <summary>The table <c>definitions</c>: what is true of a definition whatever its version.</summary>
internal sealed class DefinitionTable
{
    public long Id { get; init; }

    public required string Name { get; init; }

    public int Version { get; init; }

    public bool Suspended { get; init; }

    public string? Source { get; init; }

    /// <summary>Gets name, description and tags of the present version in lower case, for searching.</summary>
    public required string SearchText { get; init; }

    /// <summary>Gets the tags of the present version, each on a line of its own with a line break before and behind.</summary>
    public required string Tags { get; init; }

    /// <summary>Gets the owners in the same form.</summary>
    public required string Owners { get; init; }

    /// <summary>Gets the submitter of the template of the present version; null where it has none.</summary>
    public string? Submitter { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public string? CreatedBy { get; init; }

    public long? AcknowledgedRun { get; init; }

    public string? AcknowledgedBy { get; init; }

    public DateTimeOffset? AcknowledgedAt { get; init; }

    public string? AcknowledgedReason { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<DefinitionTable>(table =>
    {
        table.ToTable("definitions");
        table.HasKey(d => d.Id);
        table.Property(d => d.Id).ValueGeneratedNever();
        table.Property(d => d.Name).HasMaxLength(200);
        table.Property(d => d.Source).HasMaxLength(50);
        table.Property(d => d.Submitter).HasMaxLength(256);
        table.Property(d => d.CreatedBy).HasMaxLength(300);
        table.Property(d => d.AcknowledgedBy).HasMaxLength(300);
        table.HasIndex(d => d.Name).IsUnique().HasDatabaseName("ix_definitions_name");
    });
}
