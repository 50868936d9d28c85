using System.Text.Json;
using Ascob.Core.Repository;
using Ascob.Server.Persistence;

namespace Ascob.Server.Repository;

/// <summary>Keeps the state of the repository's jobs in the database, in one piece: whoever replaces it has seen the one before.</summary>
internal sealed class RepositoryStore(Metadata metadata) : IRepositoryStore
{
    private const string Name = "repository";

    private readonly Lock _gate = new();
    private (string Text, RepositoryState State)? _last;

    /// <inheritdoc/>
    public async Task<StoredState> ReadAsync(CancellationToken cancellationToken)
    {
        var text = await metadata.FindAsync(Name, cancellationToken);
        if (text is null)
        {
            return new StoredState(null, new RepositoryState());
        }

        lock (_gate)
        {
            // Read with each request and rarely another one.
            if (_last is { } last && string.Equals(last.Text, text, StringComparison.Ordinal))
            {
                return new StoredState(text, last.State);
            }
        }

        var state = JsonSerializer.Deserialize(text, RepositoryJson.Default.RepositoryState) ?? new RepositoryState();
        lock (_gate)
        {
            _last = (text, state);
        }

        return new StoredState(text, state);
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
    /// <summary>Answers a state as it is stored.</summary>
    public static StoredState Of(RepositoryState state) => new(JsonSerializer.Serialize(state, RepositoryJson.Default.RepositoryState), state);

    /// <summary>Answers whether the other state says the same of the jobs, wherever their publication stands.</summary>
    public bool HasJobsOf(StoredState other) => string.Equals(Of(Unpublished(State)).Text, Of(Unpublished(other.State)).Text, StringComparison.Ordinal);

    private static RepositoryState Unpublished(RepositoryState state) => state with { Published = null, Disturbed = null };
}
