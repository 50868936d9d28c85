using Ascob.Core.Access;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Core.Kuroko2;

/// <summary>Makes and changes definitions that are scripts of kuroko2. All of a change is checked before any of it is stored.</summary>
public sealed class ScriptedDefinitions(DefinitionService definitions, IDefinitionStore store, IScriptSchedules schedules, IScriptNotices notices, ScriptSurroundings surroundings)
{
    /// <summary>Stores a new definition with its schedules.</summary>
    public async Task<Result<Definition>> CreateAsync(ScriptChange change, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(caller);
        var (content, refused) = await PrepareAsync(change, before: null, cancellationToken).ConfigureAwait(false);
        if (refused is not null)
        {
            return refused;
        }

        var made = await definitions.CreateAsync(
            new CreateDefinition(change.Name!, content!) { Suspended = change.Suspended ?? false, Starred = false }, caller, cancellationToken).ConfigureAwait(false);
        if (!made.IsSuccess)
        {
            return made;
        }

        if (change.Cron is { Count: > 0 } cron && await schedules.SetAsync(made.Value.Id, cron, caller.Actor, cancellationToken).ConfigureAwait(false) is { } failed)
        {
            return failed;
        }

        await notices.KeepAsync(made.Value.Id, ScriptFields.Of(made.Value.Content), caller.Actor, cancellationToken).ConfigureAwait(false);
        return made;
    }

    /// <summary>Changes what is given and keeps the rest.</summary>
    public async Task<Result<Definition>> UpdateAsync(Definition before, ScriptChange change, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(caller);
        var (content, refused) = await PrepareAsync(change, before, cancellationToken).ConfigureAwait(false);
        if (refused is not null)
        {
            return refused;
        }

        // By number: the name may be the next thing that changes.
        var number = before.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var result = await definitions.SaveAsync(number, new SaveDefinition(content!, before.Version), caller, cancellationToken).ConfigureAwait(false);
        if (!result.IsSuccess)
        {
            return result;
        }

        if (change.Cron is { } cron && await schedules.SetAsync(before.Id, cron, caller.Actor, cancellationToken).ConfigureAwait(false) is { } failed)
        {
            return failed;
        }

        await notices.KeepAsync(before.Id, ScriptFields.Of(result.Value.Content), caller.Actor, cancellationToken).ConfigureAwait(false);
        if (change.Suspended is { } suspended && suspended != before.Suspended)
        {
            result = await definitions.SetSuspendedAsync(number, suspended, caller, cancellationToken).ConfigureAwait(false);
        }

        return result.IsSuccess && change.Name is { } name && name != before.Name
            ? await definitions.RenameAsync(number, name, null, caller, cancellationToken).ConfigureAwait(false)
            : result;
    }

    /// <summary>Deletes a definition with its schedules and what it told others; refused while a run of it is not final.</summary>
    public async Task<Result<Definition>> DeleteAsync(Definition definition, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(caller);
        if (NoScript(definition) is { } foreign)
        {
            return foreign;
        }

        var number = definition.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        var deleted = await definitions.DeleteAsync(number, null, caller, cancellationToken).ConfigureAwait(false);
        if (deleted.IsSuccess)
        {
            await notices.KeepAsync(definition.Id, null, caller.Actor, cancellationToken).ConfigureAwait(false);
        }

        return deleted;
    }

    /// <summary>Compiles a script for one launch.</summary>
    public Result<JobSpec> Compile(string script)
    {
        var errors = new List<FieldError>();
        return Compile(script, errors) is { } compiled ? compiled.Job : Error.Invalid(errors);
    }

    // Applications have what is kuroko2's, and nothing that was made over another interface.
    private static Error? NoScript(Definition definition) => ScriptFields.Of(definition.Content).Script is null
        ? new Error(ErrorKind.Conflict, "definition.no_script", $"The definition '{definition.Name}' was not made of a script; change it over /api/definitions.")
        : null;

    private async Task<(DefinitionContent? Content, Error? Refused)> PrepareAsync(ScriptChange change, Definition? before, CancellationToken cancellationToken)
    {
        if (before is not null && NoScript(before) is { } foreign)
        {
            return (null, foreign);
        }

        var fields = change.ApplyTo(before is null ? new ScriptFields() : ScriptFields.Of(before.Content));
        List<FieldError> errors = [.. fields.Check()];
        if (before is null || change.Name is not null)
        {
            await CheckNameAsync(change.Name, before, errors, cancellationToken).ConfigureAwait(false);
        }

        var compiled = string.IsNullOrWhiteSpace(fields.Script) ? null : Compile(fields.Script, errors);
        if (change.Cron is { Count: > 0 } cron)
        {
            errors.AddRange(schedules.Check(cron));
        }

        if (errors.Count == 0)
        {
            errors.AddRange(notices.Check(fields));
        }

        if (compiled is null || errors.Count > 0)
        {
            return (null, Error.Invalid(errors));
        }

        var content = fields.ToContent(compiled.Value.Job, compiled.Value.ExpectedSeconds, before?.Content);
        var more = new FieldErrorList(JobSpecLimits.Errors);
        DefinitionValidator.Check(content, more);
        return more.ToList() is { Count: > 0 } wrong ? (null, Error.Invalid(wrong)) : (content, null);
    }

    private async Task CheckNameAsync(string? name, Definition? before, List<FieldError> errors, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(name))
        {
            errors.Add(new FieldError("name", "can't be blank"));
        }
        else if (DefinitionValidator.NameProblem(name) is { } problem)
        {
            errors.Add(new FieldError("name", problem));
        }
        else if (name != before?.Name && await store.FindAsync(name, cancellationToken).ConfigureAwait(false) is not null)
        {
            errors.Add(new FieldError("name", "has already been taken"));
        }
    }

    private (JobSpec Job, int ExpectedSeconds)? Compile(string script, List<FieldError> errors)
    {
        var (compiled, faults) = ScriptCompiler.Compile(script, surroundings);
        var (job, fault) = compiled?.ToJobSpec() ?? (null, null);
        errors.AddRange((fault is null ? faults : [fault]).Select(f => new FieldError("script", f.ToString())));
        return job is null ? null : (job, compiled!.ExpectedSeconds);
    }
}

/// <summary>What a client wants of a definition; null members are not given.</summary>
public sealed record ScriptChange
{
    /// <summary>Gets the name.</summary>
    public string? Name { get; init; }

    /// <summary>Gets whether schedules pass it over.</summary>
    public bool? Suspended { get; init; }

    /// <summary>Gets the cron expressions.</summary>
    public IReadOnlyList<string>? Cron { get; init; }

    /// <summary>Gets what makes the new fields of the old ones.</summary>
    public required Func<ScriptFields, ScriptFields> ApplyTo { get; init; }
}

/// <summary>The schedules of definitions as lists of cron expressions.</summary>
public interface IScriptSchedules
{
    /// <summary>Answers what is wrong with any of them.</summary>
    IReadOnlyList<FieldError> Check(IReadOnlyList<string> cron);

    /// <summary>Gives a definition exactly these schedules; a refusal where they cannot be kept.</summary>
    Task<Error?> SetAsync(long definitionId, IReadOnlyList<string> cron, string actor, CancellationToken cancellationToken);

    /// <summary>Answers the cron expressions of a definition, in the order in which they were made.</summary>
    Task<IReadOnlyList<string>> ListAsync(long definitionId, CancellationToken cancellationToken);
}

/// <summary>What the fields of a definition have others be told.</summary>
public interface IScriptNotices
{
    /// <summary>Answers what is wrong with any of it.</summary>
    IReadOnlyList<FieldError> Check(ScriptFields fields);

    /// <summary>Has others told what the fields say and nothing else; null for nothing.</summary>
    Task KeepAsync(long definitionId, ScriptFields? fields, string actor, CancellationToken cancellationToken);
}
