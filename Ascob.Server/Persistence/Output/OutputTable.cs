using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Output;

/// <summary>
/// The table <c>run_outputs</c>: archived output. A row is a document: its bytes are in it where they are few, else they are a content. <c>channels</c> says whose document it is, one bit each; a job
/// that writes to one stream only has one row for that and for both together.
/// </summary>
internal sealed class OutputTable
{
    public long RunId { get; init; }

    public int Attempt { get; init; }

    public int Channels { get; init; }

    public long Size { get; init; }

    public string? ContentId { get; init; }

    public byte[]? Data { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<OutputTable>(table =>
    {
        table.ToTable("run_outputs");
        table.HasKey(o => new { o.RunId, o.Attempt, o.Channels });
        table.Property(o => o.ContentId).HasMaxLength(64);
        table.HasIndex(o => o.ContentId).HasDatabaseName("ix_run_outputs_content").HasFilter("content_id IS NOT NULL");
    });
}
