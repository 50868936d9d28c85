using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Contents;

/// <summary>The table <c>staged_contents</c>: the marks of contents in the database. A process touches those of what it has in hand now and then, by the clock of the database.</summary>
internal sealed class StagedContentTable
{
    public required string ContentId { get; init; }

    public DateTimeOffset TouchedAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<StagedContentTable>(table =>
    {
        table.ToTable("staged_contents");
        table.HasKey(c => c.ContentId);
        table.Property(c => c.ContentId).HasMaxLength(64);
    });
}
