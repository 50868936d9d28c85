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

    /// <summary>Launches a definition. A refusal leaves nothing behind; a launch that is prevented leaves a run that says so.</summary>
    public async Task<Result<Launch>> LaunchAsync(LaunchRequest request, Caller caller, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(caller);
        var definition = request.Id is { } id
            ? await store.FindAsync(id, cancellationToken).ConfigureAwait(false)
            : await store.FindAsync(request.Name ?? string.Empty, cancellationToken).ConfigureAwait(false);
        if (definition is null || !DefinitionService.MaySee(caller, definition.Content))
        {
            return DefinitionService.NotFound(request.Name ?? $"{request.Id}");
        }

        if (request.Cause.IsAsked && !definition.Content.ApiAllowed)
        {
            return new Error(ErrorKind.Forbidden, "definition.api_not_allowed", $"The definition '{definition.Name}' is not to be launched by clients.");
        }

        if (definition.Source is { } source && forms.FirstOrDefault(f => string.Equals(f.Source, source, StringComparison.Ordinal)) is { } form)
        {
            var made = request.JobSpec is { } given ? given : await form.MakeAsync(definition, request.Parameters, cancellationToken).ConfigureAwait(false);
            return made.IsSuccess
                ? await SubmitAsync(definition, request, Own(made.Value, definition, request), caller, cancellationToken).ConfigureAwait(false)
                : made.Error;
        }

        var values = ParameterSchema.OfStored(definition.Content.Parameters).Apply(request.Parameters);
        if (!values.IsSuccess)
        {
            return values.Error;
        }

        var isTemplate = JobTemplate.IsOne(definition.Source, definition.Content);
        if (isTemplate && request.JobSpec is { } edited && CheckEdited(edited, definition) is { } unfit)
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

    // A template of the launcher's own gets the values it is launched with, but not the definition's secrets: it could print them.
    private static Error? CheckEdited(JobSpec edited, Definition definition)
    {
        var errors = new FieldErrorList(JobSpecLimits.Errors);
        foreach (var error in JobSpecValidator.Validate(edited))
        {
            errors.Add(error.Field, error.Message);
        }

        foreach (var secret in (edited.SecretParameters ?? new Dictionary<string, string>()).Where(s => s.Value == SecretSplit.Mask))
        {
            errors.Add(FieldErrorList.Member("jobSpec.secretParameters", secret.Key), "is masked; an edited template needs the value itself.");
        }

        JobTemplate.Check(edited, ParameterSchema.OfStored(definition.Content.Parameters), errors);
        return errors.ToList() is { Count: > 0 } refused ? Error.Invalid(refused) : null;
    }

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
        var policy = definition.Content.NextExecution;
        var cause = request.JobSpec is null || definition.Source is not null ? request.Cause : request.Cause.Edited();
        var origin = new RunOrigin(definition.Id, definition.Name, definition.Version, cause)
        {
            NotWhileWorking = policy is NextExecution.NotWhileWorking or NextExecution.NotWhileWorkingOrError,
            NotWhileError = policy is NextExecution.NotWhileError or NextExecution.NotWhileWorkingOrError,
        };
        var hash = request.IdempotencyKey is null ? null : Hash(definition, request);
        var result = await acceptor.AcceptAsync(new SubmitRequest(job, request.IdempotencyKey, hash) { Origin = origin }, caller, cancellationToken).ConfigureAwait(false);
        if (!result.IsSuccess)
        {
            return result.Error;
        }

        return new Launch(result.Value.RunId, result.Value.Replayed, result.Value.Replayed ? await WasPreventedAsync(result.Value.RunId, cancellationToken).ConfigureAwait(false) : result.Value.Prevented);
    }

    private async Task<bool> WasPreventedAsync(long runId, CancellationToken cancellationToken) =>
        await runs.FindAsync(runId, cancellationToken).ConfigureAwait(false) is { Status: RunStatus.Aborted, StatusReason: { } reason }
        && reason.StartsWith(LaunchHindrance.Prefix, StringComparison.Ordinal);

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
