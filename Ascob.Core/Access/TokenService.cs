using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Timing;

namespace Ascob.Core.Access;

/// <summary>Makes, revokes and lists tokens. Nobody can hand out, see or revoke what goes beyond their own rights.</summary>
public sealed class TokenService(ITokenStore tokens, MonotonicClock clock, TokenRules rules)
{
    /// <summary>The longest life of a token that ends: ten years.</summary>
    public const long LongestExpirySeconds = 315_360_000;

    private const int LongestIdentifier = 100;
    private const int MostSubmitters = 1000;

    /// <summary>
    /// Makes a token and answers its secret, which is shown this one time. <see cref="ErrorKind.Conflict"/> where the identifier is taken, unless
    /// <paramref name="rotate"/> is set: then the old secret ends with this call.
    /// </summary>
    public async Task<Result<IssuedToken>> IssueAsync(TokenOrder order, bool rotate, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(caller);
        var problems = Check(order).ToList();
        if (problems.Count > 0)
        {
            return Error.Invalid(problems);
        }

        if (Beyond(caller, order.Permissions, order.Submitters) is { } beyond)
        {
            return new Error(ErrorKind.Forbidden, "token.beyond_caller", beyond);
        }

        if (rules.ReservedIdentifiers.Contains(order.Identifier))
        {
            return new Error(ErrorKind.Conflict, "token.reserved", $"The token '{order.Identifier}' comes from the configuration and is changed there.");
        }

        var (tokenId, secret) = TokenSecret.Create();
        var now = clock.Now;
        var record = new TokenRecord(
            order.Identifier,
            tokenId,
            TokenSecret.Hash(secret),
            [.. order.Permissions.Distinct(StringComparer.Ordinal)],
            order.Submitters is null ? null : [.. order.Submitters.Distinct(StringComparer.Ordinal)],
            now,
            caller.Identifier,
            order.ExpirySeconds is > 0 and var seconds ? now.AddSeconds(seconds) : null);
        if (rotate)
        {
            if (await RefusalForExistingAsync(order.Identifier, caller, cancellationToken) is { } refusal)
            {
                return refusal;
            }

            await tokens.ReplaceAsync(record, cancellationToken);
        }
        else if (!await tokens.TryAddAsync(record, cancellationToken))
        {
            return new Error(ErrorKind.Conflict, "token.exists", $"There is a token '{order.Identifier}' already; rotate it or choose another name.");
        }

        return new IssuedToken(record, secret);
    }

    /// <summary>Ends a token; <see cref="ErrorKind.NotFound"/> where there is none.</summary>
    public async Task<Result<bool>> RevokeAsync(string identifier, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        if (rules.ReservedIdentifiers.Contains(identifier))
        {
            return new Error(ErrorKind.Conflict, "token.reserved", $"The token '{identifier}' comes from the configuration and is removed there.");
        }

        if (await RefusalForExistingAsync(identifier, caller, cancellationToken) is { } refusal)
        {
            return refusal;
        }

        return await tokens.DeleteAsync(identifier, cancellationToken)
            ? true
            : new Error(ErrorKind.NotFound, "token.not_found", $"There is no token '{identifier}'.");
    }

    /// <summary>Lists the tokens that the caller could have made, by identifier; without secrets.</summary>
    public async Task<IReadOnlyList<TokenRecord>> ListAsync(Caller caller, CancellationToken cancellationToken)
    {
        var all = await tokens.ListAsync(cancellationToken);
        return [.. all.Where(t => Beyond(caller, t.Authorities, t.Submitters) is null)];
    }

    /// <summary>
    /// Makes the first token, with every permission, where the store holds none at all; null where it holds some (or another server was faster). It is shown before it is stored: if the
    /// server dies in between, the token that was shown is worth nothing and the next start makes another. The other way round it would be lost for good.
    /// </summary>
    public async Task<IssuedToken?> IssueFirstAsync(string identifier, Func<IssuedToken, Task> show, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(show);
        if ((await tokens.ListAsync(cancellationToken)).Count > 0)
        {
            return null;
        }

        var (tokenId, secret) = TokenSecret.Create();
        var issued = new IssuedToken(new TokenRecord(identifier, tokenId, TokenSecret.Hash(secret), Permissions.All, null, clock.Now, "server", null), secret);
        await show(issued);
        return await tokens.TryAddAsync(issued.Record, cancellationToken) ? issued : null;
    }

    private async Task<Error?> RefusalForExistingAsync(string identifier, Caller caller, CancellationToken cancellationToken)
    {
        var all = await tokens.ListAsync(cancellationToken);
        var existing = all.FirstOrDefault(t => string.Equals(t.Identifier, identifier, StringComparison.Ordinal));
        return existing is not null && Beyond(caller, existing.Authorities, existing.Submitters) is { } beyond
            ? new Error(ErrorKind.Forbidden, "token.beyond_caller", beyond)
            : null;
    }

    private static string? Beyond(Caller caller, IReadOnlyList<string> permissions, IReadOnlyList<string>? submitters)
    {
        var missing = permissions.Where(p => !caller.Can(p)).ToList();
        if (missing.Count > 0)
        {
            return $"The caller does not hold: {string.Join(", ", missing)}.";
        }

        if (caller.Submitters is null)
        {
            return null;
        }

        return submitters is null || submitters.Any(s => !caller.MaySee(s))
            ? "The caller is limited to certain submitters and can act on tokens for those only."
            : null;
    }

    private static IEnumerable<FieldError> Check(TokenOrder order)
    {
        if (!IsIdentifier(order.Identifier))
        {
            yield return new FieldError("identifier", $"1 to {LongestIdentifier} letters, digits and . _ - @, starting with a letter or digit.");
        }

        if (order.ExpirySeconds is < 0 or > LongestExpirySeconds)
        {
            yield return new FieldError("expirySeconds", $"0 for a token that does not end, or 1 to {LongestExpirySeconds}.");
        }

        if (order.Permissions.Count == 0)
        {
            yield return new FieldError("permissions", "At least one permission is needed.");
        }

        for (var i = 0; i < order.Permissions.Count; i++)
        {
            if (!Permissions.All.Contains(order.Permissions[i]))
            {
                yield return new FieldError($"permissions[{i}]", $"Not a permission. Known are: {string.Join(", ", Permissions.All)}.");
            }
        }

        if (order.Submitters is { Count: 0 or > MostSubmitters })
        {
            yield return new FieldError("submitters", $"1 to {MostSubmitters} submitters, or absent for all.");
        }

        for (var i = 0; i < order.Submitters?.Count; i++)
        {
            if (order.Submitters[i] is not { Length: > 0 and <= 200 } submitter || submitter.Trim().Length != submitter.Length || TextRules.Line(submitter) is not null)
            {
                yield return new FieldError($"submitters[{i}]", "1 to 200 characters of one line, without white space at its ends.");
            }
        }
    }

    private static bool IsIdentifier(string identifier) =>
        identifier.Length is > 0 and <= LongestIdentifier
        && char.IsAsciiLetterOrDigit(identifier[0])
        && identifier.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '@');
}

/// <summary>A token to be made.</summary>
/// <param name="Identifier">Its name for people.</param>
/// <param name="ExpirySeconds">Its life; null or 0 for no end.</param>
/// <param name="Permissions">What it may do.</param>
/// <param name="Submitters">Whose runs it sees; null for all.</param>
public sealed record TokenOrder(string Identifier, long? ExpirySeconds, IReadOnlyList<string> Permissions, IReadOnlyList<string>? Submitters);

/// <summary>A token just made.</summary>
/// <param name="Record">What is stored.</param>
/// <param name="Secret">What the holder keeps; stored nowhere.</param>
public sealed record IssuedToken(TokenRecord Record, string Secret)
{
    /// <inheritdoc/>
    public override string ToString() => $"token {Record.Identifier}";
}

/// <summary>What the configuration says about tokens.</summary>
/// <param name="ReservedIdentifiers">Names of configured tokens, which no issued token can take.</param>
public sealed record TokenRules(IReadOnlySet<string> ReservedIdentifiers);
