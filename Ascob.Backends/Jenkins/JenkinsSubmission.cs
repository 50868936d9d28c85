using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Microsoft.Extensions.Logging;

namespace Ascob.Backends.Jenkins;

/// <summary>Starts a job, and says of every answer whether the job may have been started.</summary>
internal sealed partial class JenkinsSubmission(string backendId, JenkinsSettings settings, JenkinsClient client, JenkinsDeclarations declarations, ILogger log)
{
    private static readonly TimeSpan BusyPause = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<string, SemaphoreSlim> _unmarked = new(StringComparer.Ordinal);

    public async Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (JenkinsJobRules.Validate(job.Spec) is [var wrong, ..])
        {
            return SubmitOutcome.Rejected(wrong.Message);
        }

        var project = JenkinsProject.Of(job.Spec)!;
        var order = new Order();
        try
        {
            var (outcome, mayBeStale) = await TryAsync(job, project, order, renew: false, cancellationToken).ConfigureAwait(false);
            order.HasLeft &= !mayBeStale;
            return mayBeStale ? (await TryAsync(job, project, order, renew: true, cancellationToken).ConfigureAwait(false)).Outcome : outcome;
        }
        catch (OperationCanceledException) when (!order.HasLeft)
        {
            return SubmitOutcome.NotNow("Jenkins did not answer in time before the job could be started");
        }
    }

    // The second member tells that nothing was started, and that what is remembered of the job may be the reason.
    private async Task<(SubmitOutcome Outcome, bool MayBeStale)> TryAsync(BackendJob job, JenkinsProject project, Order order, bool renew, CancellationToken cancellationToken)
    {
        var (answer, fresh) = await declarations.GetAsync(project, renew, cancellationToken).ConfigureAwait(false);
        if (answer.Value is not { } declaration)
        {
            return (NotAsked(await client.BelievedAsync(answer.Fault!, cancellationToken).ConfigureAwait(false), project), false);
        }

        if (JenkinsJobRules.Mismatch(job, project, declaration) is { } mismatch)
        {
            return (SubmitOutcome.Rejected(mismatch), !fresh);
        }

        if (declaration.TakesMarker)
        {
            return await SendAsync(job, project, declaration, [], order, fresh, cancellationToken).ConfigureAwait(false);
        }

        var turn = _unmarked.GetOrAdd(project.FullName, static _ => new SemaphoreSlim(1, 1));
        try
        {
            await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return (SubmitOutcome.Busy($"another start of the Jenkins job '{project.FullName}' is under way, and it declares no parameter {JenkinsMarker.Parameter}: they go out one at a time", BusyPause), false);
        }

        try
        {
            return await SendUnmarkedAsync(job, project, declaration, order, fresh, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }

    // Jenkins folds a start into an item that waits with the same parameters, and one build would then stand for two runs. Without a marker only the queue itself can tell.
    private async Task<(SubmitOutcome Outcome, bool MayBeStale)> SendUnmarkedAsync(
        BackendJob job, JenkinsProject project, JenkinsDeclaration declaration, Order order, bool fresh, CancellationToken cancellationToken)
    {
        var queue = await client.QueueAsync(cancellationToken).ConfigureAwait(false);
        if (queue.Value is null)
        {
            return (NotAsked(queue.Fault!, project), false);
        }

        var waiting = queue.Value.Items!.Where(i => i?.Id is not null && project.IsTaskOf(i)).Select(i => i!.Id!.Value).ToHashSet();
        if (waiting.Count > 0 && declaration.IsPlain)
        {
            return (Folded(project, waiting.Max()), false);
        }

        if (fresh)
        {
            LogUnmarked(backendId, project.FullName);
        }

        return await SendAsync(job, project, declaration, waiting, order, fresh, cancellationToken).ConfigureAwait(false);
    }

    private async Task<(SubmitOutcome Outcome, bool MayBeStale)> SendAsync(
        BackendJob job, JenkinsProject project, JenkinsDeclaration declaration, HashSet<long> waiting, Order order, bool fresh, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.OrderAsync(
                async (api, crumb) =>
                {
                    var body = declaration.IsPlain ? null : await BodyAsync(job, declaration, cancellationToken).ConfigureAwait(false);
                    order.HasLeft = true;
                    return body is null
                        ? await api.StartAsync(project.Path, crumb, cancellationToken).ConfigureAwait(false)
                        : await api.StartWithParametersAsync(project.Path, body, crumb, cancellationToken).ConfigureAwait(false);
                },
                cancellationToken).ConfigureAwait(false);
            var outcome = await JudgeAsync(answer, job, project, declaration, waiting, cancellationToken).ConfigureAwait(false);
            return (outcome, !fresh && outcome.Kind == SubmitOutcomeKind.Rejected);
        }
        catch (JenkinsCrumbException e)
        {
            return (NotAsked(e.Fault, project), false);
        }
        catch (JenkinsFileException e)
        {
            return (SubmitOutcome.NotNow(e.Message), false);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException or UnauthorizedAccessException)
        {
            return (SubmitOutcome.Rejected("an input file of the run cannot be read on this server"), false);
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return (HttpFault.OfSubmission(e), false);
        }
    }

    private async Task<SubmitOutcome> JudgeAsync(
        HttpResponseMessage answer, BackendJob job, JenkinsProject project, JenkinsDeclaration declaration, HashSet<long> waiting, CancellationToken cancellationToken)
    {
        switch ((int)answer.StatusCode)
        {
            case 201 or 303 when ItemOf(answer) is { } item:
                return waiting.Contains(item) || (answer.StatusCode == HttpStatusCode.SeeOther && !declaration.TakesMarker)
                    ? Folded(project, item)
                    : answer.StatusCode == HttpStatusCode.SeeOther
                        ? await OursAsync(item, job, project, cancellationToken).ConfigureAwait(false)
                        : Accepted(job, project, item, declaration);
            case >= 300 and < 400:
                return IsModern(answer) || !answer.Headers.Contains("X-Jenkins")
                    ? SubmitOutcome.NotNow(answer.Headers.Contains("X-Jenkins")
                        ? "Jenkins did not queue the job: it may be preparing for a shutdown, or a plugin refuses"
                        : client.FaultOf(answer).Reason + Mend("Url"))
                    : SubmitOutcome.Unknown("Jenkins answered without a queue item (302)");
            case 401 or 403 or 429:
                return NotAsked(client.FaultOf(answer), project);
            case 404:
                return NotAsked(await client.BelievedAsync(client.FaultOf(answer), cancellationToken).ConfigureAwait(false), project);
            case 409:
                return SubmitOutcome.Rejected($"the Jenkins job '{project.FullName}' is disabled or cannot be built (409)");
            case 400 or 405 or 413 or 415:
                return SubmitOutcome.Rejected(Said($"Jenkins refuses the request ({(int)answer.StatusCode}): {await LineAsync(answer, job, cancellationToken).ConfigureAwait(false)}"));
            case 500 or 503:
                return JudgeBroken(answer, await LineAsync(answer, job, cancellationToken).ConfigureAwait(false), project);
            case 201:
                return SubmitOutcome.Unknown("Jenkins answered without the number of a queue item (201)");
            default:
                return SubmitOutcome.Unknown(Said($"the backend answered {(int)answer.StatusCode} to a submission"));
        }
    }

    // What is known to come before anything is queued is no doubt.
    private SubmitOutcome JudgeBroken(HttpResponseMessage answer, string line, JenkinsProject project) => line switch
    {
        _ when line.Contains("Illegal choice", StringComparison.OrdinalIgnoreCase) =>
            SubmitOutcome.Rejected($"a value is none of the choices that the Jenkins job '{project.FullName}' declares"),
        _ when answer.StatusCode == HttpStatusCode.ServiceUnavailable
            && (line.Contains("getting ready to work", StringComparison.OrdinalIgnoreCase) || line.Contains("is restarting", StringComparison.OrdinalIgnoreCase)) =>
            SubmitOutcome.NotNow("Jenkins is starting or restarting (503)", client.FaultOf(answer).RetryAfter),
        _ => SubmitOutcome.Unknown(Said($"the backend answered {(int)answer.StatusCode} to a submission")),
    };

    // Equal parameters mean an equal marker: an earlier sending of this very run has arrived after all. Seen rather than believed.
    private async Task<SubmitOutcome> OursAsync(long id, BackendJob job, JenkinsProject project, CancellationToken cancellationToken)
    {
        var item = await client.ItemAsync(id, cancellationToken).ConfigureAwait(false);
        return item.Value is { } found && JenkinsMarker.Of(found.Actions) is { } marker
            ? marker == job.Marker ? SubmitOutcome.Accepted(JenkinsKeys.Of(backendId, project, id)) : Folded(project, id)
            : SubmitOutcome.Unknown(Said($"Jenkins folded the start into queue item {id}, which could not be read"));
    }

    private SubmitOutcome Accepted(BackendJob job, JenkinsProject project, long item, JenkinsDeclaration declaration) => SubmitOutcome.Accepted(
        JenkinsKeys.Of(backendId, project, item),
        new BackendReport
        {
            Marker = job.Marker,
            State = BackendState.Queued,
            Word = "WAITING",
            Url = new Uri(settings.Url, project.EncodedPath).AbsoluteUri,
            Reason = declaration.TakesMarker
                ? null
                : $"in Jenkins' queue; the job declares no parameter {JenkinsMarker.Parameter}, so a lost answer could only be settled by a person",
        });

    private static SubmitOutcome Folded(JenkinsProject project, long item) => SubmitOutcome.Busy(
        Said($"the Jenkins job '{project.FullName}' already waits in the queue (item {item}) and declares no parameter {JenkinsMarker.Parameter}: Jenkins would fold both into one build"), BusyPause);

    // Nothing was sent, or it was refused before Jenkins did anything.
    private SubmitOutcome NotAsked(JenkinsFault fault, JenkinsProject project) => fault switch
    {
        { IsMissing: true } => SubmitOutcome.Rejected(Missing(project)),
        { Status: HttpStatusCode.Unauthorized } => SubmitOutcome.NotNow(fault.Reason + Mend(settings.SecretKey)),
        { Status: HttpStatusCode.Forbidden } => SubmitOutcome.NotNow($"{fault.Reason}: starting '{project.FullName}' needs the right Job/Build"),
        { Status: null, Reason: JenkinsClient.NoJenkins } => SubmitOutcome.NotNow(fault.Reason + Mend("Url")),
        _ => SubmitOutcome.NotNow(fault.Reason, fault.RetryAfter),
    };

    private string Missing(JenkinsProject project) =>
        $"Jenkins has no job '{project.FullName}', or its user {settings.UserName ?? "(none)"} may not see it (right Job/Read)";

    private string Mend(string key) => $"; see Ascob:Backends:{backendId}:{key}";

    private static async Task<HttpContent> BodyAsync(BackendJob job, JenkinsDeclaration declaration, CancellationToken cancellationToken)
    {
        var texts = JenkinsRuntimeNames.Of(job).Where(p => declaration.Takes(p.Key)).Concat(job.Spec.Parameters ?? new Dictionary<string, string>()).Concat(job.Secrets).ToList();
        var files = job.Files.Where(f => declaration.IsFile(f.Name)).ToList();
        if (files.Count == 0)
        {
            return new FormUrlEncodedContent(texts);
        }

        var form = new MultipartFormDataContent();
        foreach (var (name, value) in texts)
        {
            form.Add(new StringContent(value, Encoding.UTF8), Quoted(name));
        }

        foreach (var file in files)
        {
            form.Add(new StreamContent(await OpenAsync(file, cancellationToken).ConfigureAwait(false)), Quoted(file.Name), Quoted(file.Name));
        }

        return form;
    }

    private static async Task<Stream> OpenAsync(BackendFile file, CancellationToken cancellationToken)
    {
        try
        {
            return await file.OpenAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (IOException e) when (e is not (FileNotFoundException or DirectoryNotFoundException))
        {
            // Told apart from a connection that breaks: nothing was sent yet.
            throw new JenkinsFileException(e.Message, e);
        }
    }

    private static string Quoted(string name) => $"\"{name}\"";

    // Only the number counts: host and scheme are those of whoever asked.
    private static long? ItemOf(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("Location", out var locations) && ItemPath().Match(locations.First()) is { Success: true } match
        && long.TryParse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id > 0
            ? id
            : null;

    // Versions before 2 answered a taken request like that.
    private static bool IsModern(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues("X-Jenkins", out var versions) && Version.TryParse(versions.First().Split('-')[0], out var version) && version.Major >= 2;

    // A page may repeat what it was sent.
    private static async Task<string> LineAsync(HttpResponseMessage answer, BackendJob job, CancellationToken cancellationToken)
    {
        var text = await JenkinsClient.TextAsync(answer, cancellationToken).ConfigureAwait(false);
        var isOpen = job.Secrets.Values.Append(job.CallbackUrl).All(s => s is not { Length: > 0 } || !text.Contains(s, StringComparison.Ordinal));
        return isOpen && AnswerText.OneLine(text) is { Length: > 0 } line ? line : "no reason given";
    }

    private static string Said(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Backend {BackendId}: the Jenkins job {Project} declares no parameter ASCOB_RUN; its runs are started one at a time, and a lost answer can only be settled by a person")]
    private partial void LogUnmarked(string backendId, string project);

    [GeneratedRegex("/queue/item/([0-9]{1,18})/?$", RegexOptions.None, matchTimeoutMilliseconds: 500)]
    private static partial Regex ItemPath();

    /// <summary>Whether the order may have left: until then a call that is given up has certainly started nothing.</summary>
    private sealed class Order
    {
        public bool HasLeft { get; set; }
    }
}
