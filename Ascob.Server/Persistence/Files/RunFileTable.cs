using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Files;

/// <summary>The table <c>run_files</c>. Runs that share a file have rows with the same stored name.</summary>
internal sealed class RunFileTable
{
    public long RunId { get; init; }

    public required string Name { get; init; }

    public required string StoredName { get; init; }

    public long Size { get; init; }

    public required string Sha256 { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<RunFileTable>(table =>
    {
        table.ToTable("run_files");
        table.HasKey(f => new { f.RunId, f.Name });
        table.Property(f => f.Name).HasMaxLength(400);
        table.Property(f => f.StoredName).HasMaxLength(64);
        table.Property(f => f.Sha256).HasMaxLength(64);
        table.HasIndex(f => f.StoredName).HasDatabaseName("ix_run_files_stored_name");
    });
}
