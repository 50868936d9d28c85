using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Definitions.Parameters;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Core.Definitions;

/// <summary>Makes a run of a definition: checks the parameters, fills in the template, and has the run stored if the definition's policy allows it.</summary>
public sealed class DefinitionLauncher(IDefinitionStore store, IRunStore runs, RunAcceptor acceptor, ISecretProtector protector)
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

        var values = ParameterSchema.OfStored(definition.Content.Parameters).Apply(request.Parameters);
        if (!values.IsSuccess)
        {
            return values.Error;
        }

        if (request.JobSpec is { } edited && CheckEdited(edited, definition) is { } unfit)
        {
            return unfit;
        }

        var template = request.JobSpec ?? SecretSplit.Join(definition.Content.JobSpec, SecretSplit.Reveal(definition.ProtectedSecrets, protector));
        var rendered = JobTemplate.Render(template, values.Value);
        return rendered.IsSuccess
            ? await SubmitAsync(definition, request, Job(definition, request, values.Value.AddTo(rendered.Value)), caller, cancellationToken).ConfigureAwait(false)
            : rendered.Error;
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

    private static JobSpec Job(Definition definition, LaunchRequest request, JobSpec spec)
    {
        spec = spec with { Submitter = request.Submitter ?? spec.Submitter, Description = spec.Description ?? definition.Name };
        if (request.ExtraVariables is not { Count: > 0 } extra || spec.Labels?.Keys.Any(k => k.StartsWith(ShellLabels, StringComparison.Ordinal)) != true)
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

    private async Task<Result<Launch>> SubmitAsync(Definition definition, LaunchRequest request, JobSpec job, Caller caller, CancellationToken cancellationToken)
    {
        var policy = definition.Content.NextExecution;
        var cause = request.JobSpec is null ? request.Cause : request.Cause with { Text = request.Cause.Text is { } text ? $"{text} (edited template)" : "edited template" };
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
