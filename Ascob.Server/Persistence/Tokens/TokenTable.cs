using Microsoft.EntityFrameworkCore;

namespace Ascob.Server.Persistence.Tokens;

/// <summary>The table <c>tokens</c>. Holds hashes only.</summary>
internal sealed class TokenTable
{
    public required string Identifier { get; init; }

    public required string TokenId { get; init; }

    public required byte[] SecretHash { get; init; }

    public required string Authorities { get; init; }

    public string? Submitters { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }

    public static void Configure(ModelBuilder model) => model.Entity<TokenTable>(table =>
    {
        table.ToTable("tokens");
        table.HasKey(t => t.Identifier);
        table.Property(t => t.Identifier).HasMaxLength(256);
        table.Property(t => t.TokenId).HasMaxLength(128);
        table.Property(t => t.SecretHash).HasMaxLength(64);
        table.Property(t => t.CreatedBy).HasMaxLength(256);
        table.HasIndex(t => t.TokenId).IsUnique().HasDatabaseName("ix_tokens_token_id");
    });
}
