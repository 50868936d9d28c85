using System.Globalization;
using System.Net;
using System.Text.Json;
using Ascob.Backends.Http;
using Ascob.Core.Backends;
using Refit;

namespace Ascob.Backends.Jenkins;

/// <summary>Asks and orders, and judges what comes back: only JSON that holds what was asked for is an answer.</summary>
internal sealed class JenkinsClient : IDisposable
{
    /// <summary>What is said of an address at which somebody else answers.</summary>
    public const string NoJenkins = "there is no Jenkins at this address (404)";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    private readonly HttpClient _readsHttp;
    private readonly HttpClient _ordersHttp;
    private readonly IJenkinsApi _reads;
    private readonly IJenkinsApi _orders;
    private readonly JenkinsCrumbs _crumbs;
    private readonly TimeProvider _time;

    // What is asked before a submission must fail before the submission's own time is over: then it is known that nothing was sent.
    private readonly TimeSpan _questionTime;

    public JenkinsClient(BackendContext context, JenkinsSettings settings)
    {
        _time = context.Time;
        _questionTime = context.Options.Resilience.Timeout / 2;
        _readsHttp = BackendHttp.ForReads(context, settings.Url, settings.Authorize);
        _ordersHttp = BackendHttp.ForOrders(settings.Url, settings.Authorize);
        _reads = RestService.For<IJenkinsApi>(_readsHttp);
        _orders = RestService.For<IJenkinsApi>(_ordersHttp);
        _crumbs = new JenkinsCrumbs(settings, cancellation => GetAsync<JenkinsCrumbAnswer>((a, token) => a.GetCrumbAsync(token), c => c.Crumb is not null, cancellation, KeepCookies));
    }

    public void Dispose()
    {
        _crumbs.Dispose();
        _readsHttp.Dispose();
        _ordersHttp.Dispose();
    }

    public Task<JenkinsAnswer<JenkinsRoot>> RootAsync(CancellationToken cancellationToken) =>
        GetAsync<JenkinsRoot>((a, token) => a.GetRootAsync("mode,quietingDown,useSecurity", token), r => r.Mode is not null, cancellationToken);

    public Task<JenkinsAnswer<JenkinsQueue>> QueueAsync(CancellationToken cancellationToken) =>
        GetAsync<JenkinsQueue>((a, token) => a.GetQueueAsync(JenkinsQueue.Tree, token), q => q.Items is not null, cancellationToken);

    public Task<JenkinsAnswer<JenkinsItem>> ItemAsync(long id, CancellationToken cancellationToken) =>
        GetAsync<JenkinsItem>((a, token) => a.GetQueueItemAsync(id, JenkinsItem.Tree, token), i => i.Id == id, cancellationToken);

    public Task<JenkinsAnswer<JenkinsJob>> JobAsync(JenkinsProject project, CancellationToken cancellationToken) =>
        GetAsync<JenkinsJob>((a, token) => a.GetJobAsync(project.Path, JenkinsJob.Tree, token), j => j.Class is not null, cancellationToken);

    /// <summary>Reads the newest builds of a job.</summary>
    public async Task<JenkinsAnswer<JenkinsHistory>> BuildsAsync(JenkinsProject project, int most, CancellationToken cancellationToken)
    {
        // The short list reaches back a hundred builds only; the long one may cost Jenkins reads of its disk.
        var list = most <= 100 ? "builds" : "allBuilds";
        var tree = string.Create(CultureInfo.InvariantCulture, $"nextBuildNumber,{list}[{JenkinsBuild.Tree}]{{0,{most}}}");
        var answer = await GetAsync<JenkinsBuilds>(
            (a, token) => a.GetJobAsync(project.Path, tree, token), b => (b.Builds ?? b.AllBuilds) is not null, cancellationToken).ConfigureAwait(false);
        return answer.Value is { } job
            ? new JenkinsHistory([.. (job.Builds ?? job.AllBuilds)!.Where(b => b?.Number is not null).Select(b => b!)], job.NextBuildNumber, most)
            : await BelievedAsync(answer.Fault!, cancellationToken).ConfigureAwait(false);
    }

    public async Task<JenkinsAnswer<JenkinsBuild>> BuildAsync(JenkinsProject project, long number, CancellationToken cancellationToken)
    {
        var answer = await GetAsync<JenkinsBuild>((a, token) => a.GetBuildAsync(project.Path, number, JenkinsBuild.Tree, token), b => b.Number == number, cancellationToken).ConfigureAwait(false);
        return answer.Fault is { } fault ? await BelievedAsync(fault, cancellationToken).ConfigureAwait(false) : answer;
    }

    /// <summary>
    /// Answers a fault as it is to be taken: that there is no such thing is believed of a Jenkins only. A proxy says the same of everything while Jenkins behind it is away.
    /// </summary>
    public async Task<JenkinsFault> BelievedAsync(JenkinsFault fault, CancellationToken cancellationToken) =>
        fault.IsMissing && (await RootAsync(cancellationToken).ConfigureAwait(false)).Fault is { } atRoot
            ? atRoot.IsMissing ? new JenkinsFault(NoJenkins) : atRoot
            : fault;

    /// <summary>Opens a log. The answer is the caller's to dispose; its body has not been read.</summary>
    /// <exception cref="HttpRequestException">There was no answer.</exception>
    public Task<HttpResponseMessage> LogAsync(JenkinsProject project, long number, long start, CancellationToken cancellationToken) =>
        HttpFault.UnwrappedAsync(_reads.GetLogAsync(project.Path, number, start, cancellationToken));

    /// <summary>
    /// Sends an order once; a second time only after Jenkins has refused it for the lack of a crumb. What Jenkins answers is the caller's to judge and to dispose, and no fault of the way is
    /// caught here.
    /// </summary>
    /// <exception cref="JenkinsCrumbException">No crumb could be had, so nothing was sent.</exception>
    public async Task<HttpResponseMessage> OrderAsync(Func<IJenkinsApi, IDictionary<string, string>, Task<HttpResponseMessage>> send, CancellationToken cancellationToken)
    {
        var crumb = await _crumbs.GetAsync(renew: false, cancellationToken).ConfigureAwait(false);
        var answer = await HttpFault.UnwrappedAsync(send(_orders, crumb)).ConfigureAwait(false);
        if (answer.StatusCode != HttpStatusCode.Forbidden || !_crumbs.Wanted
            || !(await TextAsync(answer, cancellationToken).ConfigureAwait(false)).Contains("crumb", StringComparison.OrdinalIgnoreCase))
        {
            return answer;
        }

        answer.Dispose();
        crumb = await _crumbs.GetAsync(renew: true, cancellationToken).ConfigureAwait(false);
        return await HttpFault.UnwrappedAsync(send(_orders, crumb)).ConfigureAwait(false);
    }

    /// <summary>Reads the beginning of a body for a reason; empty where it cannot be read.</summary>
    public static async Task<string> TextAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        const int enough = 16 * 1024;
        try
        {
            var buffer = new byte[enough];
            var body = await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            var length = await body.ReadAtLeastAsync(buffer, enough, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return System.Text.Encoding.UTF8.GetString(buffer, 0, length);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return string.Empty;
        }
    }

    /// <summary>What an answer means that is not the wanted one.</summary>
    public JenkinsFault FaultOf(HttpResponseMessage answer) => (int)answer.StatusCode switch
    {
        >= 300 and < 400 => new JenkinsFault($"the backend redirects elsewhere ({(int)answer.StatusCode}): a login page, or another address than that of Jenkins", answer.StatusCode),
        503 => new JenkinsFault("Jenkins, or what stands before it, is not ready (503)", answer.StatusCode, HttpFault.RetryAfter(answer, _time)),
        _ => new JenkinsFault(HttpFault.Describe(answer.StatusCode), answer.StatusCode, HttpFault.RetryAfter(answer, _time)),
    };

    private async Task<JenkinsAnswer<T>> GetAsync<T>(
        Func<IJenkinsApi, CancellationToken, Task<HttpResponseMessage>> ask,
        Func<T, bool> isComplete,
        CancellationToken cancellationToken,
        Action<HttpResponseMessage>? onAnswer = null)
        where T : class
    {
        using var limit = new CancellationTokenSource(_questionTime, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using var answer = await HttpFault.UnwrappedAsync(ask(_reads, both.Token)).ConfigureAwait(false);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return FaultOf(answer);
            }

            if (!AnswerText.IsJson(answer))
            {
                return new JenkinsFault("the backend answered a page instead of data: a login page, or another address than that of Jenkins");
            }

            onAnswer?.Invoke(answer);
            await answer.Content.LoadIntoBufferAsync(BackendHttp.LargestAnswer, both.Token).ConfigureAwait(false);
            var body = await answer.Content.ReadAsStreamAsync(both.Token).ConfigureAwait(false);
            return await JsonSerializer.DeserializeAsync<T>(body, Json, both.Token).ConfigureAwait(false) is { } value && isComplete(value)
                ? value
                : new JenkinsFault("the backend's answer makes no sense");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new JenkinsFault("the backend did not answer in time");
        }
        catch (Exception e) when (HttpFault.IsExpected(e))
        {
            return new JenkinsFault(HttpFault.Describe(e));
        }
    }

    private void KeepCookies(HttpResponseMessage answer) => _crumbs.KeepCookies(answer);
}
