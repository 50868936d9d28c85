using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Definitions.Parameters;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Kuroko2;
using Ascob.Core.Runs;
using Ascob.Core.Timing;

namespace Ascob.Core.Definitions;

/// <summary>Makes a run of a definition: checks the parameters, fills in the template, and has the run stored if the definition's policy allows it.</summary>
public sealed class DefinitionLauncher(IDefinitionStore store, IRunStore runs, RunAcceptor acceptor, ISecretProtector protector, MonotonicClock clock, IEnumerable<ILaunchForm> forms)
{
    private const string ShellLabels = "shell_";
    private const int MaxTries = 16;

    /// <summary>Launches a definition. A refusal leaves nothing behind; a launch that is prevented leaves a run that says so.</summary>
    public async Task<Result<Launch>> LaunchAsync(LaunchRequest request, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(caller);
        for (var tries = 1; ; tries++)
        {
            // A version that was saved meanwhile may say something else about everything that was checked.
            var launched = await TryLaunchAsync(request, caller, cancellationToken).ConfigureAwait(false);
            if (launched.Error?.Code != RunOrigin.ChangedCode)
            {
                return launched;
            }

            if (tries == MaxTries)
            {
                return new Error(ErrorKind.Unavailable, "definition.busy", launched.Error.Message);
            }
        }
    }

    private async Task<Result<Launch>> TryLaunchAsync(LaunchRequest request, Caller caller, CancellationToken cancellationToken)
    {
        var definition = request.Id is { } id
            ? await store.FindAsync(id, cancellationToken).ConfigureAwait(false)
            : await store.FindAsync(request.Name ?? string.Empty, cancellationToken).ConfigureAwait(false);
        if (definition is null || !DefinitionService.MaySee(caller, definition.Content))
        {
            return DefinitionService.NotFound(request.Name ?? $"{request.Id}");
        }

        // Before anything of the definition is checked: what it says by now is of no concern to a launch that was made before.
        if (await FindEarlierAsync(definition, request, caller, cancellationToken).ConfigureAwait(false) is { } earlier)
        {
            return earlier;
        }

        if (request.Cause.IsAsked && !definition.Content.ApiAllowed)
        {
            return new Error(ErrorKind.Forbidden, "definition.api_not_allowed", $"The definition '{definition.Name}' is not to be launched by clients.");
        }

        if (IsEdited(request) && definition.Source is { } origin)
        {
            return new Error(ErrorKind.Conflict, "definition.read_only", $"The definition '{definition.Name}' comes from '{origin}', and its jobs are made there only; launch it with parameters.");
        }

        if (definition.Source is { } source && forms.FirstOrDefault(f => string.Equals(f.Source, source, StringComparison.Ordinal)) is { } form)
        {
            var made = request.JobSpec is { } given ? given : await form.MakeAsync(definition, request.Parameters, cancellationToken).ConfigureAwait(false);
            return made.IsSuccess
                ? await SubmitAsync(definition, request with { IsOfRepository = true }, Own(made.Value, definition, request), caller, cancellationToken).ConfigureAwait(false)
                : made.Error;
        }

        var values = ParameterSchema.OfStored(definition.Content.Parameters).Apply(request.Parameters);
        if (!values.IsSuccess)
        {
            return values.Error;
        }

        var isTemplate = JobTemplate.IsOne(definition.Source, definition.Content);
        if (request.JobSpec is { } edited && CheckEdited(edited, definition, isTemplate) is { } unfit)
        {
            return unfit;
        }

        var template = request.JobSpec ?? SecretSplit.Join(definition.Content.JobSpec, SecretSplit.Reveal(definition.ProtectedSecrets, protector));
        var rendered = isTemplate ? JobTemplate.Render(template, values.Value) : template;
        if (!rendered.IsSuccess)
        {
            return rendered.Error;
        }

        var job = values.Value.AddTo(rendered.Value);
        return await SubmitAsync(definition, request, Own(job with { Description = job.Description ?? definition.Name }, definition, request), caller, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers the launch that a caller made with an idempotency key; null for none.</summary>
    public async Task<Launch?> FindAsync(string idempotencyKey, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(caller);
        return await runs.FindKeyAsync(caller.Identifier, idempotencyKey, cancellationToken).ConfigureAwait(false) is { } used ? await ReplayedAsync(used, cancellationToken).ConfigureAwait(false) : null;
    }

    // A template of the launcher's own gets the values it is launched with, but not the definition's secrets: it could print them.
    private static Error? CheckEdited(JobSpec edited, Definition definition, bool isTemplate)
    {
        var errors = CheckMasks(edited);
        foreach (var error in JobSpecValidator.Validate(edited))
        {
            errors.Add(error.Field, error.Message);
        }

        if (isTemplate)
        {
            JobTemplate.Check(edited, ParameterSchema.OfStored(definition.Content.Parameters), errors);
        }

        return Refusal(errors);
    }

    // Whoever reads a definition is shown masks, and sends them back without meaning them.
    private static FieldErrorList CheckMasks(JobSpec edited)
    {
        var errors = new FieldErrorList(JobSpecLimits.Errors);
        foreach (var secret in (edited.SecretParameters ?? new Dictionary<string, string>()).Where(s => s.Value == SecretSplit.Mask))
        {
            errors.Add(FieldErrorList.Member("jobSpec.secretParameters", secret.Key), "is masked; an edited template needs the value itself.");
        }

        return errors;
    }

    private static Error? Refusal(FieldErrorList errors) => errors.ToList() is { Count: > 0 } refused ? Error.Invalid(refused) : null;

    private JobSpec Own(JobSpec spec, Definition definition, LaunchRequest request)
    {
        spec = spec with { Submitter = request.Submitter ?? spec.Submitter };
        var extra = Extra(definition, request);
        if (extra.Count == 0 || spec.Labels?.Keys.Any(k => k.StartsWith(ShellLabels, StringComparison.Ordinal)) != true)
        {
            return spec;
        }

        var parameters = new Dictionary<string, string>(spec.Parameters ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (name, value) in extra.Where(v => spec.SecretParameters?.ContainsKey(v.Key) != true))
        {
            parameters[name] = value;
        }

        return spec with { Parameters = parameters };
    }

    // A client's variables come before those that tell a job of itself.
    private Dictionary<string, string> Extra(Definition definition, LaunchRequest request)
    {
        var extra = new Dictionary<string, string>(ScriptVariables.Of(definition, clock.Now) ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        foreach (var (name, value) in request.ExtraVariables ?? new Dictionary<string, string>())
        {
            extra[name] = value;
        }

        return extra;
    }

    private async Task<Result<Launch>> SubmitAsync(Definition definition, LaunchRequest request, JobSpec job, Caller caller, CancellationToken cancellationToken)
    {
        var cause = IsEdited(request) ? request.Cause.Edited() : request.Cause;
        var origin = new RunOrigin(definition.Id, definition.Name, definition.Version, cause) { Policy = DefinitionPolicies.Of(definition), MustBePresent = true };
        var hash = request.IdempotencyKey is null ? null : Hash(definition, request);
        var result = await acceptor.AcceptAsync(new SubmitRequest(job, request.IdempotencyKey, hash) { Origin = origin, IsOfRepository = request.IsOfRepository }, caller, cancellationToken).ConfigureAwait(false);
        return result.IsSuccess ? new Launch(result.Value.RunId, result.Value.Replayed, result.Value.Prevented) : result.Error;
    }

    private async Task<Result<Launch>?> FindEarlierAsync(Definition definition, LaunchRequest request, Caller caller, CancellationToken cancellationToken)
    {
        if (request.IdempotencyKey is not { } key || await runs.FindKeyAsync(caller.Identifier, key, cancellationToken).ConfigureAwait(false) is not { } used)
        {
            return null;
        }

        return used.BodyHash == Hash(definition, request)
            ? await ReplayedAsync(used, cancellationToken).ConfigureAwait(false)
            : IdempotencyKey.Reused(used.RunId);
    }

    private async Task<Launch> ReplayedAsync(UsedKey used, CancellationToken cancellationToken) =>
        new(used.RunId, true, PreventedRun.IsOne(await runs.FindAsync(used.RunId, cancellationToken).ConfigureAwait(false)));

    private static bool IsEdited(LaunchRequest request) => request is { JobSpec: not null, IsOfRepository: false };

    // What is asked for and not what it comes to: a launch that is repeated after the definition was changed is still the same launch. Never logged: it stands for secrets too.
    private static string Hash(Definition definition, LaunchRequest request)
    {
        var asked = new
        {
            kind = "launch",
            definition = definition.Id,
            parameters = request.Parameters is { ValueKind: JsonValueKind.Object } given ? Sorted(given) : null,
            submitter = request.Submitter,
            jobSpec = request.JobSpec is null ? null : CanonicalJobSpec.Hash(request.JobSpec),
            variables = request.ExtraVariables?.OrderBy(v => v.Key, StringComparer.Ordinal).Select(v => $"{v.Key}={v.Value}"),
        };
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(asked, AscobJson.Options))));
    }

    private static IEnumerable<KeyValuePair<string, string>> Sorted(JsonElement map) =>
        map.EnumerateObject().OrderBy(m => m.Name, StringComparer.Ordinal).Select(m => KeyValuePair.Create(m.Name, m.Value.GetRawText()));
}
