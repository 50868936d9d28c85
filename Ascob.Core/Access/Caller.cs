namespace Ascob.Core.Access;

/// <summary>Who asks: the identity behind a token.</summary>
/// <param name="Identifier">The token's name, such as <c>portal</c>.</param>
/// <param name="Authorities">Its permissions, see <see cref="Permissions"/>.</param>
/// <param name="Submitters">The submitters whose runs it may see and act on; null for all.</param>
/// <param name="ExpiresAt">When the token ends; null for never.</param>
public sealed record Caller(
    string Identifier,
    IReadOnlySet<string> Authorities,
    IReadOnlyList<string>? Submitters,
    DateTimeOffset? ExpiresAt)
{
    /// <summary>Gets the name for <see cref="Runs.RunEvent.Actor"/>.</summary>
    public string Actor => $"token:{Identifier}";

    /// <summary>Answers whether the caller holds a permission.</summary>
    public bool Can(string permission) => Authorities.Contains(permission);

    /// <summary>Answers whether runs of this submitter are the caller's to see.</summary>
    public bool MaySee(string? submitter) =>
        Submitters is null || (submitter is not null && Submitters.Contains(submitter, StringComparer.Ordinal));
}
