namespace Ascob.Core.Runs;

/// <summary>Tells quickly, of many runs at once, which have changed.</summary>
public interface IRunVersions
{
    /// <summary>Gets whether other servers can change runs too.</summary>
    bool IsShared { get; }

    /// <summary>Answers those of the runs that are stored with another version than the given one, with theirs.</summary>
    Task<IReadOnlyList<KeyValuePair<long, long>>> ChangedAsync(IReadOnlyList<KeyValuePair<long, long>> seen, CancellationToken cancellationToken);
}
