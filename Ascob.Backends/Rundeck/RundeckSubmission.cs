using System.Net;
using System.Net.Http.Headers;
using Ascob.Backends.Http;
using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>Starts a job. Everything before the one order that starts it is preparation: what fails there has certainly started nothing.</summary>
internal sealed class RundeckSubmission(RundeckCalls calls, RundeckJobs jobs, RundeckStatuses statuses, RundeckSettings settings, string backendId)
{
    private static readonly Dictionary<string, string> NoFiles = [];

    public async Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (RundeckJobRules.Validate(job.Spec, settings) is [var wrong, ..])
        {
            return SubmitOutcome.Rejected(wrong.Message);
        }

        for (var isSecond = false; ; isSecond = true)
        {
            var prepared = await PreparedAsync(job, cancellationToken).ConfigureAwait(false);
            if (prepared.Refusal is { } refusal)
            {
                return refusal;
            }

            var outcome = await OrderAsync(job, prepared.JobId!, prepared.Files, cancellationToken).ConfigureAwait(false);

            // A job that was made anew under its old name has another id; "no such job" started nothing.
            if (outcome.Kind != SubmitOutcomeKind.Rejected || isSecond || !jobs.Forget(job.Spec))
            {
                return outcome;
            }
        }
    }

    /// <summary>Says what Rundeck's answer to the order means.</summary>
    internal SubmitOutcome Judge(RundeckAnswer answer, string marker)
    {
        if (answer.IsOk)
        {
            return RundeckExecution.TryRead(answer.Json) is { } execution
                ? SubmitOutcome.Accepted(RundeckKeys.Of(backendId, execution), statuses.Report(marker, execution))
                : SubmitOutcome.Unknown("Rundeck's answer does not name an execution");
        }

        var said = answer.Describe(backendId);
        return (int)answer.Status switch
        {
            409 when answer.IsError => SubmitOutcome.Busy("the job is running already and Rundeck allows no further execution of it now (409)", answer.RetryAfter),
            400 when answer.ErrorCode is "api.error.job.disabled" => SubmitOutcome.NotNow($"Rundeck has executions switched off for this job, its project or itself: {said}"),
            400 or 404 when answer.IsError => SubmitOutcome.Rejected(said),
            400 or 401 or 403 or 404 or 405 or 413 or 429 => SubmitOutcome.NotNow(said, answer.RetryAfter),
            503 when answer.IsError => SubmitOutcome.NotNow(said, answer.RetryAfter),
            >= 300 and < 400 => SubmitOutcome.NotNow(said),
            _ => SubmitOutcome.Unknown(said),
        };
    }

    private async Task<SubmitOutcome> OrderAsync(BackendJob job, string jobId, IReadOnlyDictionary<string, string> files, CancellationToken cancellationToken)
    {
        try
        {
            var body = RundeckOptions.Body(job, files, settings);
            var answer = await calls.OrderAsync((api, v) => api.RunAsync(v, jobId, Json(body), cancellationToken), cancellationToken).ConfigureAwait(false);
            return Judge(answer, job.Marker);
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return HttpFault.OfSubmission(e);
        }
    }

    private async Task<Preparation> PreparedAsync(BackendJob job, CancellationToken cancellationToken)
    {
        try
        {
            var (jobId, refusal) = await jobs.ResolveAsync(job.Spec, cancellationToken).ConfigureAwait(false);
            var wantsCheck = job.Secrets.Count > 0 && settings.CheckSecureOptions;
            var wantsFiles = job.Files.Count > 0 && settings.FileOptions;
            if (refusal is not null || !(wantsCheck || wantsFiles))
            {
                return new Preparation(jobId, NoFiles, refusal);
            }

            (var definition, refusal) = await jobs.DefinitionAsync(jobId!, cancellationToken).ConfigureAwait(false);
            if (definition is null)
            {
                return new Preparation(jobId, NoFiles, refusal);
            }

            if (wantsCheck && job.Secrets.Keys.FirstOrDefault(n => !definition.Secure.Contains(n)) is { } open)
            {
                return new Preparation(jobId, NoFiles, SubmitOutcome.Rejected($"the secret parameter '{open}' would be readable in Rundeck: the job does not declare it as a secure option"));
            }

            return wantsFiles
                ? await UploadedAsync(job, jobId!, definition, cancellationToken).ConfigureAwait(false)
                : new Preparation(jobId, NoFiles, null);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return new Preparation(null, NoFiles, SubmitOutcome.Rejected("an input file of the run cannot be read on this server"));
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new Preparation(null, NoFiles, SubmitOutcome.NotNow($"before the job could be started: {HttpFault.Describe(e)}"));
        }
        catch (OperationCanceledException)
        {
            return new Preparation(null, NoFiles, SubmitOutcome.NotNow("Rundeck did not answer in time before the job could be started"));
        }
    }

    private async Task<Preparation> UploadedAsync(BackendJob job, string jobId, RundeckDefinition definition, CancellationToken cancellationToken)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in job.Files.Where(f => definition.Files.Contains(f.Name)))
        {
            var answer = await calls.OrderAsync(
                async (api, v) => await api.UploadAsync(
                    v, jobId, file.Name, file.Name, Contents(await file.OpenAsync(cancellationToken).ConfigureAwait(false)), cancellationToken).ConfigureAwait(false),
                cancellationToken).ConfigureAwait(false);
            if (!answer.IsOk || RundeckJson.Text(RundeckJson.Member(answer.Json, "options"), file.Name) is not { Length: > 0 } key)
            {
                var said = $"the file for option '{file.Name}' was not taken: {answer.Describe(backendId)}";
                return new Preparation(jobId, NoFiles, answer is { Status: HttpStatusCode.BadRequest or HttpStatusCode.NotFound, IsError: true }
                    ? SubmitOutcome.Rejected(said)
                    : SubmitOutcome.NotNow(said, answer.RetryAfter));
            }

            keys[file.Name] = key;
        }

        return new Preparation(jobId, keys, null);
    }

    private static ByteArrayContent Json(byte[] body)
    {
        var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
        return content;
    }

    private static StreamContent Contents(Stream bytes)
    {
        var content = new StreamContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        return content;
    }

    private sealed record Preparation(string? JobId, IReadOnlyDictionary<string, string> Files, SubmitOutcome? Refusal);
}
