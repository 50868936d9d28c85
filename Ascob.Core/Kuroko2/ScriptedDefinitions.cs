using Ascob.Core.Access;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Core.Kuroko2;

/// <summary>Makes and changes definitions that are scripts of kuroko2. All of a change is checked before any of it is stored, and stored in one transaction.</summary>
public sealed class ScriptedDefinitions(DefinitionService definitions, IDefinitionStore store, IScriptSchedules schedules, IScriptNotices notices, ScriptSurroundings surroundings)
{
    /// <summary>Stores a new definition with its schedules and what it tells others.</summary>
    public async Task<Result<Definition>> CreateAsync(ScriptChange change, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(caller);
        var prepared = await PrepareAsync(change, before: null, caller, cancellationToken).ConfigureAwait(false);
        if (!prepared.IsSuccess)
        {
            return prepared.Error;
        }

        var order = new CreateDefinition(change.Name!, prepared.Value.Content) { Suspended = change.Suspended ?? false, Starred = false, IsScript = true, Companions = prepared.Value.Companions };
        return Announced(await StoredAsync(() => definitions.CreateAsync(order, caller, cancellationToken)).ConfigureAwait(false), change);
    }

    /// <summary>Changes what is given and keeps the rest.</summary>
    public async Task<Result<Definition>> UpdateAsync(Definition before, ScriptChange change, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(change);
        ArgumentNullException.ThrowIfNull(caller);
        var prepared = await PrepareAsync(change, before, caller, cancellationToken).ConfigureAwait(false);
        if (!prepared.IsSuccess)
        {
            return prepared.Error;
        }

        // By number: the name may be what changes.
        var order = new SaveDefinition(prepared.Value.Content, before.Version) { IsScript = true, Name = change.Name, Suspended = change.Suspended, Companions = prepared.Value.Companions };
        return Announced(await StoredAsync(() => definitions.SaveAsync(NumberOf(before), order, caller, cancellationToken)).ConfigureAwait(false), change);
    }

    /// <summary>Deletes a definition with its schedules and what it told others; refused while a run of it is not final.</summary>
    public Task<Result<Definition>> DeleteAsync(Definition definition, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(definition);
        return NoScript(definition) is { } foreign ? Task.FromResult<Result<Definition>>(foreign) : definitions.DeleteAsync(NumberOf(definition), null, caller, cancellationToken);
    }

    /// <summary>Compiles a script for one launch.</summary>
    public Result<JobSpec> Compile(string script)
    {
        var errors = new List<FieldError>();
        return Compile(script, errors) is { } compiled ? compiled.Job : Error.Invalid(errors);
    }

    private static string NumberOf(Definition definition) => definition.Id.ToString(System.Globalization.CultureInfo.InvariantCulture);

    // Applications have what is kuroko2's, and nothing that was made over another interface.
    private static Error? NoScript(Definition definition) => ScriptFields.Of(definition.Content).Script is null
        ? new Error(ErrorKind.Conflict, "definition.no_script", $"The definition '{definition.Name}' was not made of a script; change it over /api/definitions.")
        : null;

    // The schedules are counted once more where they are stored.
    private static async Task<Result<Definition>> StoredAsync(Func<Task<Result<Definition>>> store)
    {
        try
        {
            return await store().ConfigureAwait(false);
        }
        catch (RefusedException e)
        {
            return e.Error;
        }
    }

    private Result<Definition> Announced(Result<Definition> result, ScriptChange change)
    {
        if (result.IsSuccess && change.Cron is not null)
        {
            schedules.Announce();
        }

        return result;
    }

    private async Task<Result<Prepared>> PrepareAsync(ScriptChange change, Definition? before, Caller caller, CancellationToken cancellationToken)
    {
        if (before is not null && NoScript(before) is { } foreign)
        {
            return foreign;
        }

        var fields = change.ApplyTo(before is null ? new ScriptFields() : ScriptFields.Of(before.Content));
        var webhook = await UnmaskedAsync(change.Webhook, before, cancellationToken).ConfigureAwait(false);
        List<FieldError> errors = [.. fields.Check(webhook)];
        if (before is null || change.Name is not null)
        {
            await CheckNameAsync(change.Name, before, errors, cancellationToken).ConfigureAwait(false);
        }

        var compiled = string.IsNullOrWhiteSpace(fields.Script) ? null : Compile(fields.Script, errors);
        if (change.Cron is { } cron)
        {
            errors.AddRange(await schedules.CheckAsync(before?.Id, cron, cancellationToken).ConfigureAwait(false));
        }

        if (errors.Count == 0)
        {
            errors.AddRange(notices.Check(fields, webhook));
        }

        if (compiled is null || errors.Count > 0)
        {
            return Error.Invalid(errors);
        }

        var content = fields.ToContent(compiled.Value.Job, compiled.Value.ExpectedSeconds, before?.Content);
        var more = new FieldErrorList(JobSpecLimits.Errors);
        DefinitionValidator.Check(content, more);
        return more.ToList() is { Count: > 0 } wrong ? Error.Invalid(wrong) : new Prepared(content, new DefinitionCompanions
        {
            Schedules = change.Cron is { } list ? schedules.Plan(list, caller.Actor) : null,
            Subscriptions = notices.Plan(fields, webhook, caller.Actor),
        });
    }

    // Whoever reads a definition and sends it back sends the address as it is shown: it stands for the one that is there.
    private async Task<GivenText> UnmaskedAsync(GivenText webhook, Definition? before, CancellationToken cancellationToken) =>
        webhook.Text is { } url && before is not null && (await notices.WebhooksAsync(cancellationToken).ConfigureAwait(false)).GetValueOrDefault(before.Id) == url ? default : webhook;

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

    private sealed record Prepared(DefinitionContent Content, DefinitionCompanions Companions);
}
