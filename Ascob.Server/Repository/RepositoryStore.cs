using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ascob.Core.Repository;
using Ascob.Server.Persistence;

namespace Ascob.Server.Repository;

/// <summary>Keeps the state of the repository's jobs in the database, in one piece: whoever replaces it has seen the one before.</summary>
internal sealed class RepositoryStore(Metadata metadata) : IRepositoryStore
{
    private const string Name = "repository";

    private StoredState? _last;

    /// <inheritdoc/>
    public async Task<StoredState> ReadAsync(CancellationToken cancellationToken)
    {
        // Read with each request and rarely another one, and a repository of many jobs has a megabyte of it.
        if (Volatile.Read(ref _last) is { } last && last.IsSameAs(await metadata.FindStartAsync(Name, cancellationToken)))
        {
            return last;
        }

        if (await metadata.FindAsync(Name, cancellationToken) is not { } text)
        {
            return new StoredState(null, new RepositoryState());
        }

        var stored = new StoredState(text, JsonSerializer.Deserialize(text, RepositoryJson.Default.RepositoryState) ?? new RepositoryState());
        Volatile.Write(ref _last, stored);
        return stored;
    }

    /// <inheritdoc/>
    public Task<bool> TryReplaceAsync(StoredState before, RepositoryState after, CancellationToken cancellationToken) =>
        metadata.TryReplaceAsync(Name, before.Text, StoredState.Of(after).Text!, cancellationToken);
}

/// <summary>A state as it was read.</summary>
/// <param name="Text">How it is stored; null where nothing is.</param>
/// <param name="State">What it says.</param>
internal sealed record StoredState(string? Text, RepositoryState State)
{
    // The hash of the rest comes first, so that whoever holds a state need not read all of what is stored to see that it is the same.
    private const string Mark = "{\"hash\":\"";
    private const int MarkedLength = 9 + 64;

    /// <summary>Answers a state as it is stored.</summary>
    public static StoredState Of(RepositoryState state)
    {
        var json = JsonSerializer.Serialize(state, RepositoryJson.Default.RepositoryState);
        return new StoredState($"{Mark}{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)))}\",{json[1..]}", state);
    }

    /// <summary>Answers whether what is stored begins as this state does, and so is this state.</summary>
    public bool IsSameAs(string? start) => start?.Length >= MarkedLength && start.StartsWith(Mark, StringComparison.Ordinal) && Text?.StartsWith(start, StringComparison.Ordinal) == true;

    /// <summary>Answers whether the other state says the same of the jobs, wherever their publication stands.</summary>
    public bool HasJobsOf(StoredState other) => string.Equals(Of(Unpublished(State)).Text, Of(Unpublished(other.State)).Text, StringComparison.Ordinal);

    private static RepositoryState Unpublished(RepositoryState state) => state with { Published = null, Disturbed = null };
}
