using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Contents;

/// <summary>The table <c>content_chunks</c>: the bytes of contents in the database, in chunks of <see cref="DatabaseContents.ChunkBytes"/>; only the last may be shorter.</summary>
internal sealed class ContentChunkTable
{
    public required string ContentId { get; init; }

    public int Number { get; init; }

    public required byte[] Data { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<ContentChunkTable>(table =>
    {
        table.ToTable("content_chunks");
        table.HasKey(c => new { c.ContentId, c.Number });
        table.Property(c => c.ContentId).HasMaxLength(64);
        table.Property(c => c.Number).ValueGeneratedNever();
    });
}
