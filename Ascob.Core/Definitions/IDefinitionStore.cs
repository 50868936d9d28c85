namespace Ascob.Core.Definitions;

/// <summary>The memory of definitions. Every method that writes answers after its commit, and throws <see cref="Errors.StoreUnavailableException"/> when the store is away.</summary>
public interface IDefinitionStore
{
    /// <summary>Stores a new definition as version 1, with its companions in the same transaction, and answers its number; null where the name is taken.</summary>
    Task<long?> AddAsync(NewDefinition definition, CancellationToken cancellationToken);

    /// <summary>Makes a change, all of it in one transaction, if the present version is still <paramref name="expectedVersion"/>.</summary>
    Task<DefinitionSave> SaveAsync(long id, int expectedVersion, DefinitionUpdate change, CancellationToken cancellationToken);

    /// <summary>Reads a definition by name; null where there is none.</summary>
    Task<Definition?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>Reads a definition by number; null where there is none.</summary>
    Task<Definition?> FindAsync(long id, CancellationToken cancellationToken);

    /// <summary>Reads what lists show of definitions, by number; those that are gone are missing.</summary>
    Task<IReadOnlyDictionary<long, DefinitionHead>> HeadsAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken);

    /// <summary>Reads one version of a definition; null where there is none.</summary>
    Task<Definition?> FindVersionAsync(long id, int version, CancellationToken cancellationToken);

    /// <summary>Reads a page of the versions below a number, newest first. It ends before the limit where it holds <see cref="DefinitionLimits.PageCharacters"/>.</summary>
    Task<VersionPage> VersionsAsync(long id, int below, int limit, CancellationToken cancellationToken);

    /// <summary>Reads a page, by name. It ends before the limit where it holds <see cref="DefinitionLimits.PageCharacters"/>.</summary>
    Task<DefinitionPage> ListAsync(DefinitionSearch search, CancellationToken cancellationToken);

    /// <summary>Gives another name; false where that is taken or the definition is gone.</summary>
    Task<bool> RenameAsync(long id, string name, CancellationToken cancellationToken);

    /// <summary>Suspends or resumes; false where the definition is gone.</summary>
    Task<bool> SetSuspendedAsync(long id, bool suspended, CancellationToken cancellationToken);

    /// <summary>Notes that somebody knows of a failed run; false where the definition is gone, or that run is not the failure that stands (any more).</summary>
    Task<bool> AcknowledgeAsync(long id, Acknowledgement acknowledgement, CancellationToken cancellationToken);

    /// <summary>Deletes a definition with its versions, schedules and the subscriptions that belong to it unless a run of it is not final. Its runs stay.</summary>
    Task<DefinitionDeletion> DeleteAsync(long id, CancellationToken cancellationToken);

    /// <summary>Makes it a favourite of somebody, or no longer.</summary>
    Task SetStarAsync(string identifier, long id, bool starred, CancellationToken cancellationToken);

    /// <summary>Answers how definitions stand, by number; those that are gone are missing.</summary>
    Task<IReadOnlyDictionary<long, DefinitionStanding>> StandingAsync(IReadOnlyCollection<long> ids, CancellationToken cancellationToken);

    /// <summary>Answers the definitions of which runs are at work at their backends, each with since when the one does that has been there longest.</summary>
    Task<IReadOnlyList<RunningDefinition>> RunningAsync(CancellationToken cancellationToken);

    /// <summary>Answers runs of a definition that have been at work at their backends since a time or longer, by number: those behind <paramref name="afterId"/>, at most <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<long>> RunningSinceAsync(long id, DateTimeOffset since, long afterId, int limit, CancellationToken cancellationToken);

    /// <summary>Answers how long the newest runs that succeeded took, from their start at the backend to their end.</summary>
    Task<IReadOnlyList<TimeSpan>> DurationsAsync(long id, int limit, CancellationToken cancellationToken);
}

/// <summary>A definition to be stored.</summary>
/// <param name="Name">The name.</param>
/// <param name="Source">See <see cref="Definition.Source"/>.</param>
/// <param name="Suspended">See <see cref="Definition.Suspended"/>.</param>
/// <param name="Version">What version 1 says.</param>
/// <param name="StarredBy">The identifier of the token whose favourite it becomes at once; null for nobody's.</param>
public sealed record NewDefinition(string Name, string? Source, bool Suspended, NewVersion Version, string? StarredBy)
{
    /// <summary>Gets what is stored with it.</summary>
    public DefinitionCompanions Companions { get; init; } = new();
}

/// <summary>A change of a definition; null members stay as they are.</summary>
public sealed record DefinitionUpdate
{
    /// <summary>Gets the next version.</summary>
    public NewVersion? Version { get; init; }

    /// <summary>Gets the name.</summary>
    public string? Name { get; init; }

    /// <summary>Gets whether schedules pass it over.</summary>
    public bool? Suspended { get; init; }

    /// <summary>Gets what is stored with it.</summary>
    public DefinitionCompanions Companions { get; init; } = new();
}

/// <summary>What became of a change.</summary>
public enum DefinitionSave
{
    /// <summary>Nothing was stored: another definition has the name.</summary>
    NameTaken,

    /// <summary>Nothing was stored: somebody has saved another version meanwhile, or the definition is gone.</summary>
    Outdated,

    /// <summary>All of it was stored.</summary>
    Stored,
}

/// <summary>A version to be stored.</summary>
/// <param name="Content">What it says, secret values masked.</param>
/// <param name="ProtectedSecrets">The encrypted secret values; null for none.</param>
/// <param name="SavedAt">When.</param>
/// <param name="SavedBy">Who.</param>
public sealed record NewVersion(DefinitionContent Content, string? ProtectedSecrets, DateTimeOffset SavedAt, string? SavedBy);

/// <summary>A question for definitions: all given conditions must hold.</summary>
public sealed record DefinitionSearch
{
    /// <summary>Gets text that name, description or a tag must contain, whatever the case; null for any.</summary>
    public string? Text { get; init; }

    /// <summary>Gets the tags that it must all have.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>Gets an owner that it must have; null for any.</summary>
    public string? Owner { get; init; }

    /// <summary>Gets the source wanted; null for all.</summary>
    public string? Source { get; init; }

    /// <summary>Gets the submitters whose definitions may be seen, beside those of nobody in particular; null for all.</summary>
    public IReadOnlyList<string>? Submitters { get; init; }

    /// <summary>Gets the token identifier whose favourites are wanted; null for all definitions.</summary>
    public string? StarredBy { get; init; }

    /// <summary>Gets the token identifier whose favourites are marked; null for none.</summary>
    public string? StarsOf { get; init; }

    /// <summary>Gets the name behind which the page starts; null for the first page.</summary>
    public string? AfterName { get; init; }

    /// <summary>Gets the size of the page.</summary>
    public int Limit { get; init; } = 50;
}

/// <summary>One page of definitions.</summary>
/// <param name="Items">By name, in the order of the bytes.</param>
/// <param name="Starred">The numbers of those that are favourites of <see cref="DefinitionSearch.StarsOf"/>.</param>
/// <param name="NextAfterName">Where the next page starts; null on the last.</param>
public sealed record DefinitionPage(IReadOnlyList<Definition> Items, IReadOnlySet<long> Starred, string? NextAfterName);

/// <summary>One page of versions.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="NextBelow">The number below which the next page starts; null on the last.</param>
public sealed record VersionPage(IReadOnlyList<Definition> Items, int? NextBelow);

/// <summary>What became of a deletion.</summary>
/// <param name="Deleted">Whether it is gone.</param>
/// <param name="ActiveRun">The run that is not final and stands in the way; null for none.</param>
public sealed record DefinitionDeletion(bool Deleted, long? ActiveRun);

/// <summary>A definition of which runs are at work.</summary>
/// <param name="DefinitionId">The definition.</param>
/// <param name="Since">Since when the first of them is.</param>
public sealed record RunningDefinition(long DefinitionId, DateTimeOffset Since);

/// <summary>How a definition stands.</summary>
/// <param name="LastRun">Its newest run; null for none.</param>
/// <param name="ActiveRun">Its oldest run that is not final; null for none.</param>
/// <param name="FailedRun">Its newest failure that is neither acknowledged nor made good; null for none.</param>
public sealed record DefinitionStanding(Runs.Run? LastRun, long? ActiveRun, long? FailedRun);
