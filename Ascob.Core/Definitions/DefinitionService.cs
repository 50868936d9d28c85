using Ascob.Core.Access;
using Ascob.Core.Definitions.Parameters;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Kuroko2;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Definitions;

/// <summary>The use cases of definitions, but for their launch (<see cref="DefinitionLauncher"/>). Whether the caller holds the permission is checked at the door.</summary>
public sealed partial class DefinitionService(
    IDefinitionStore store, IRunStore runs, ISecretProtector protector, ParameterNames names, MonotonicClock clock, IEnumerable<IDefinitionSubscriptions> subscriptions, ILogger<DefinitionService> logger)
{
    private const int MaxTries = 16;

    /// <summary>Stores a new definition.</summary>
    /// <param name="order">What is to be stored.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<Result<Definition>> CreateAsync(CreateDefinition order, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(caller);
        var errors = new FieldErrorList(JobSpecLimits.Errors);
        if (DefinitionValidator.NameProblem(order.Name) is { } problem)
        {
            errors.Add("name", problem);
        }

        CheckReserved(order.Content, null, order.IsScript, errors);
        var version = Prepare(order.Content, order.Source, previous: null, caller, errors);
        if (errors.ToList() is { Count: > 0 } refused)
        {
            return Error.Invalid(refused);
        }

        if (!MayChange(caller, order.Content))
        {
            return NotTheirs();
        }

        var companions = new FollowedCompanions(order.Companions, subscriptions, version.Content, before: null, caller.Actor);
        var made = new NewDefinition(order.Name, order.Source, order.Suspended, version, order.Starred ? caller.Identifier : null) { Companions = companions.Order };
        if (await store.AddAsync(made, cancellationToken).ConfigureAwait(false) is not { } number)
        {
            return new Error(ErrorKind.Conflict, "definition.exists", $"There is a definition '{order.Name}' already.");
        }

        logger.LogInformation("{Actor} made the definition {Definition} ({Id})", caller.Actor, order.Name, number);
        await companions.SettleAsync(cancellationToken).ConfigureAwait(false);
        return await ReadAsync(number, order.Name, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stores the next version; a content that is the same as before makes none.</summary>
    public async Task<Result<Definition>> SaveAsync(string name, SaveDefinition order, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(caller);
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var found = await ForChangeAsync(name, order.Source, caller, cancellationToken).ConfigureAwait(false);
            if (!found.IsSuccess)
            {
                return found.Error;
            }

            var before = found.Value;
            if (order.ExpectedVersion is { } expected && expected != before.Version)
            {
                return new Error(ErrorKind.Conflict, "definition.version", $"The definition '{name}' is at version {before.Version}, not {expected}; somebody has saved it meanwhile.");
            }

            var errors = new FieldErrorList(JobSpecLimits.Errors);
            if (order.IsTakenForSuspended && !before.Suspended)
            {
                errors.Add("suspended", "A save does not suspend; POST /api/definitions/{name}/suspend does.");
            }

            CheckReserved(order.Content, before.Content, order.IsScript, errors);
            var version = Prepare(order.Content, before.Source, before, caller, errors);
            if (errors.ToList() is { Count: > 0 } refused)
            {
                return Error.Invalid(refused);
            }

            if (!MayChange(caller, order.Content))
            {
                return NotTheirs();
            }

            if (order.Name is { } other && DefinitionValidator.NameProblem(other) is { } problem)
            {
                return Error.Invalid("name", problem);
            }

            var isSame = version.Content.ToJson() == before.Content.ToJson() && SameSecrets(version.ProtectedSecrets, before.ProtectedSecrets);
            var companions = new FollowedCompanions(order.Companions, subscriptions, version.Content, before.Content, caller.Actor);
            var change = new DefinitionUpdate { Version = isSame ? null : version, Name = order.Name, Suspended = order.Suspended, Companions = companions.Order };
            if (change is { Version: null, Name: null, Suspended: null, Companions: { Schedules: null, Subscriptions: null } })
            {
                return before;
            }

            switch (await store.SaveAsync(before.Id, before.Version, change, cancellationToken).ConfigureAwait(false))
            {
                case DefinitionSave.NameTaken:
                    return new Error(ErrorKind.Conflict, "definition.exists", $"There is a definition '{order.Name}' already.");
                case DefinitionSave.Stored:
                    logger.LogInformation("{Actor} saved version {Version} of the definition {Definition}", caller.Actor, before.Version + (isSame ? 0 : 1), name);
                    await companions.SettleAsync(cancellationToken).ConfigureAwait(false);
                    return await ReadAsync(before.Id, name, cancellationToken).ConfigureAwait(false);
            }
        }

        return new Error(ErrorKind.Unavailable, "definition.busy", $"The definition '{name}' is being saved by too many at once.");
    }

    /// <summary>Reads a definition by name, or by number where the text is one.</summary>
    public async Task<Result<Definition>> GetAsync(string name, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(caller);
        var definition = long.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var id)
            ? await store.FindAsync(id, cancellationToken).ConfigureAwait(false)
            : await store.FindAsync(name, cancellationToken).ConfigureAwait(false);
        return definition is not null && MaySee(caller, definition.Content) ? definition : NotFound(name);
    }

    /// <summary>
    /// Reads a definition of which the caller is to order something: to change it, its schedules or its suspensions. One that is everybody's is ordered only by whoever may act for everybody: others launch
    /// it too, and its schedules launch it as whoever their parameters name.
    /// </summary>
    public async Task<Result<Definition>> GetToOrderAsync(string name, Caller caller, CancellationToken cancellationToken)
    {
        var found = await GetAsync(name, caller, cancellationToken).ConfigureAwait(false);
        return !found.IsSuccess || MayChange(caller, found.Value.Content) ? found : NotTheirs();
    }

    /// <summary>Reads one version of a definition.</summary>
    public async Task<Result<Definition>> GetVersionAsync(string name, int version, Caller caller, CancellationToken cancellationToken)
    {
        var found = await GetAsync(name, caller, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found;
        }

        return await store.FindVersionAsync(found.Value.Id, version, cancellationToken).ConfigureAwait(false) is { } one && MaySee(caller, one.Content)
            ? one
            : new Error(ErrorKind.NotFound, "definition.version_not_found", $"The definition '{name}' has no version {version}.");
    }

    /// <summary>Reads a page of the definitions that the caller may see.</summary>
    public Task<DefinitionPage> ListAsync(DefinitionSearch search, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(search);
        ArgumentNullException.ThrowIfNull(caller);
        return store.ListAsync(search with { Submitters = caller.Submitters, StarsOf = caller.Identifier }, cancellationToken);
    }

    /// <summary>Reads what lists show of definitions, by number; those that are gone or that the caller may not see are missing.</summary>
    public async Task<IReadOnlyDictionary<long, DefinitionHead>> HeadsAsync(IReadOnlyCollection<long> ids, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var heads = await store.HeadsAsync(ids, cancellationToken).ConfigureAwait(false);
        return heads.Where(h => MaySee(caller, h.Value.Submitter)).ToDictionary();
    }

    /// <summary>Gives a definition another name. Its number, versions and runs stay.</summary>
    public async Task<Result<Definition>> RenameAsync(string name, string newName, string? source, Caller caller, CancellationToken cancellationToken)
    {
        if (DefinitionValidator.NameProblem(newName) is { } problem)
        {
            return Error.Invalid("name", problem);
        }

        var found = await ForChangeAsync(name, source, caller, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess || found.Value.Name == newName)
        {
            return found;
        }

        return await store.RenameAsync(found.Value.Id, newName, cancellationToken).ConfigureAwait(false)
            ? await ReadAsync(found.Value.Id, newName, cancellationToken).ConfigureAwait(false)
            : new Error(ErrorKind.Conflict, "definition.exists", $"There is a definition '{newName}' already, or '{name}' is gone.");
    }

    /// <summary>Has schedules pass it over, or no longer. Who keeps a definition says that too: what was said here would hold until its source is looked at next.</summary>
    /// <param name="name">The definition.</param>
    /// <param name="suspended">Whether schedules pass it over.</param>
    /// <param name="source">Who asks: null for the API, else the source of the definition.</param>
    /// <param name="caller">Who asks.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<Result<Definition>> SetSuspendedAsync(string name, bool suspended, string? source, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var found = await ForChangeAsync(name, source, caller, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found;
        }

        if (!await store.SetSuspendedAsync(found.Value.Id, suspended, cancellationToken).ConfigureAwait(false))
        {
            return NotFound(name);
        }

        logger.LogInformation("{Actor} {Decision} the definition {Definition}", caller.Actor, suspended ? "suspended" : "resumed", found.Value.Name);
        return found.Value with { Suspended = suspended };
    }

    /// <summary>Deletes a definition; refused while a run of it is not final. Its runs stay, with its name.</summary>
    public async Task<Result<Definition>> DeleteAsync(string name, string? source, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        var found = await ForChangeAsync(name, source, caller, cancellationToken).ConfigureAwait(false);
        if (!found.IsSuccess)
        {
            return found;
        }

        var deletion = await store.DeleteAsync(found.Value.Id, cancellationToken).ConfigureAwait(false);
        if (deletion.ActiveRun is { } run)
        {
            return new Error(ErrorKind.Conflict, "definition.active", $"Run {run} of the definition '{found.Value.Name}' is not final; wait for its end or stop it first.");
        }

        if (!deletion.Deleted)
        {
            return NotFound(name);
        }

        logger.LogInformation("{Actor} deleted the definition {Definition}", caller.Actor, found.Value.Name);
        return found;
    }

    /// <summary>Answers whether a definition is the caller's to see and to launch: one that is nobody's is everybody's, and whose run it becomes is looked at when it is launched.</summary>
    internal static bool MaySee(Caller caller, DefinitionContent content) => MaySee(caller, content.FixedSubmitter);

    private static bool MaySee(Caller caller, string? fixedSubmitter) => fixedSubmitter is null || caller.MaySee(fixedSubmitter);

    private static bool MayChange(Caller caller, DefinitionContent content) => caller.MaySee(content.FixedSubmitter);

    internal static Error NotFound(string name) => new(ErrorKind.NotFound, "definition.not_found", $"There is no definition '{name}'.");

    internal static Error NotTheirs() => new(ErrorKind.Forbidden, "submitter.forbidden", "This token may not act for that submitter.");

    private async Task<Result<Definition>> ForChangeAsync(string name, string? source, Caller caller, CancellationToken cancellationToken)
    {
        var found = await GetToOrderAsync(name, caller, cancellationToken).ConfigureAwait(false);
        return !found.IsSuccess || found.Value.Source == source
            ? found
            : new Error(
                ErrorKind.Conflict,
                "definition.read_only",
                Elsewhere(found.Value));
    }

    private static string Elsewhere(Definition definition) => definition.Source switch
    {
        null => $"The definition '{definition.Name}' was made over the API.",
        RepositoryLabels.Source =>
            $"The definition '{definition.Name}' comes from '{RepositoryLabels.Source}' and is changed there; DELETE /jobs/{Uri.EscapeDataString(definition.Name)} takes the job out of the active ones, PUT brings it back.",
        var from => $"The definition '{definition.Name}' comes from '{from}' and is changed there.",
    };

    private async Task<Result<Definition>> ReadAsync(long id, string name, CancellationToken cancellationToken) =>
        await store.FindAsync(id, cancellationToken).ConfigureAwait(false) is { } definition ? definition : NotFound(name);

    // What was compiled of a script, and what others are told of it, follows from these; written by hand they would say something else than what is done.
    private static void CheckReserved(DefinitionContent content, DefinitionContent? before, bool isScript, FieldErrorList errors)
    {
        foreach (var (key, value) in content.Annotations.Where(a => !isScript && a.Key.StartsWith(ScriptFields.KeyPrefix, StringComparison.Ordinal)))
        {
            if (before?.Annotations.GetValueOrDefault(key) is not { } kept || kept != value)
            {
                errors.Add(FieldErrorList.Member("annotations", key), $"Annotations that begin with \"{ScriptFields.KeyPrefix}\" are set over kuroko2's interface only.");
            }
        }
    }

    private NewVersion Prepare(DefinitionContent content, string? source, Definition? previous, Caller caller, FieldErrorList errors)
    {
        DefinitionValidator.Check(content, errors);
        foreach (var label in source == RepositoryLabels.Source ? [] : RepositoryLabels.Refuse(content.JobSpec))
        {
            errors.Add(label.Field, label.Message);
        }

        var schema = ParameterSchema.Read(content.Parameters, errors);
        if (JobTemplate.IsOne(source, content))
        {
            JobTemplate.Check(content.JobSpec, schema, errors);
        }

        // Jobs of other sources are made by whoever keeps these, and what a definition says of its parameters is not handed over as it is.
        if (source is null)
        {
            names.Check(content.JobSpec, schema, errors);
        }

        var secrets = content.JobSpec.SecretParameters is null ? null : Unmasked(content.JobSpec.SecretParameters, previous, errors);
        var split = SecretSplit.From(content.JobSpec with { SecretParameters = secrets });
        return new NewVersion(content with { JobSpec = split.Masked }, split.Protect(protector), clock.Now, caller.Actor);
    }

    // Whoever reads a definition and saves it again sends masks: they stand for the values that are there.
    private Dictionary<string, string> Unmasked(IReadOnlyDictionary<string, string> given, Definition? previous, FieldErrorList errors)
    {
        var known = SecretSplit.Reveal(previous?.ProtectedSecrets, protector);
        var clear = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in given)
        {
            if (value is null)
            {
                // Told of with the rest of the job.
                continue;
            }

            if (value != SecretSplit.Mask)
            {
                clear[name] = value;
            }
            else if (known is not null && known.TryGetValue(name, out var kept))
            {
                clear[name] = kept;
            }
            else
            {
                errors.Add(FieldErrorList.Member("jobSpec.secretParameters", name), "is masked, and no value of that name is stored.");
            }
        }

        return clear;
    }

    // The same text is never encrypted to the same bytes twice.
    private bool SameSecrets(string? one, string? other)
    {
        var (first, second) = (SecretSplit.Reveal(one, protector), SecretSplit.Reveal(other, protector));
        return first is null || second is null ? first is null && second is null : first.Count == second.Count && first.All(p => second.TryGetValue(p.Key, out var value) && value == p.Value);
    }
}

/// <summary>A definition to be made.</summary>
/// <param name="Name">The name.</param>
/// <param name="Content">What it says.</param>
public sealed record CreateDefinition(string Name, DefinitionContent Content)
{
    /// <summary>Gets where it comes from; null for the API.</summary>
    public string? Source { get; init; }

    /// <summary>Gets whether it begins suspended.</summary>
    public bool Suspended { get; init; }

    /// <summary>Gets whether it is made of a script, whose annotations are its own.</summary>
    public bool IsScript { get; init; }

    /// <summary>Gets whether it becomes a favourite of the caller.</summary>
    public bool Starred { get; init; } = true;

    /// <summary>Gets what is stored with it; where nothing is said of its subscriptions, they are those that its content stands for.</summary>
    public DefinitionCompanions Companions { get; init; } = new();
}

/// <summary>A version to be made.</summary>
/// <param name="Content">What it says.</param>
/// <param name="ExpectedVersion">The version that must be the present one; null for whichever.</param>
public sealed record SaveDefinition(DefinitionContent Content, int? ExpectedVersion = null)
{
    /// <summary>Gets who saves: null for the API, else the source of the definition, which alone may change it.</summary>
    public string? Source { get; init; }

    /// <summary>Gets whether it is made of a script, whose annotations are its own.</summary>
    public bool IsScript { get; init; }

    /// <summary>Gets whether the caller takes it for suspended. A save without <see cref="Suspended"/> changes nothing of that, and is refused where it is not.</summary>
    public bool IsTakenForSuspended { get; init; }

    /// <summary>Gets another name; null where it keeps its own.</summary>
    public string? Name { get; init; }

    /// <summary>Gets whether schedules pass it over from now on; null where that stays.</summary>
    public bool? Suspended { get; init; }

    /// <summary>Gets what is stored with it; where nothing is said of its subscriptions, they are those that its content stands for.</summary>
    public DefinitionCompanions Companions { get; init; } = new();
}
