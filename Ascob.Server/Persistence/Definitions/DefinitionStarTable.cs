using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Definitions;

/// <summary>The table <c>definition_stars</c>: whose favourites the definitions are, by the identifier of a token.</summary>
internal sealed class DefinitionStarTable
{
    public required string Identifier { get; init; }

    public long DefinitionId { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<DefinitionStarTable>(table =>
    {
        table.ToTable("definition_stars");
        table.HasKey(s => new { s.Identifier, s.DefinitionId });
        table.Property(s => s.Identifier).HasMaxLength(256);
        table.HasIndex(s => s.DefinitionId).HasDatabaseName("ix_definition_stars_definition");
    });
}
