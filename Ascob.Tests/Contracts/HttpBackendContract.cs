using System.Diagnostics;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Demo;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Contracts;

/// <summary>
/// What every adapter that speaks HTTP must keep to when the way or the answer is bad. Faults are put between it and a pretend product, which goes on counting what was really started.
/// </summary>
public abstract partial class HttpBackendContract : BackendAdapterContract
{
    // A faulty call must be over soon: a person waits for the sentence. Reads may have been repeated meanwhile.
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    /// <summary>Bodies with status 200 that are no answer of the product.</summary>
    public static TheoryData<string, string> Garbage => new()
    {
        { "text/html", "<html><body>Sign in</body></html>" },
        { "application/json", "<html><body>Sign in</body></html>" },
        { "text/plain", "ok" },
        { "application/json", string.Empty },
        { "application/json", "null" },
        { "application/json", "[]" },
        { "application/json", "{}" },
        { "application/json", "[null]" },
        { "application/json", "\"SUCCESS\"" },
        { "application/json", """{"error":true,"errorCode":"internal","message":"it went wrong"}""" },
        { "application/json", """{"id":{"deep":[1,2,3]},"status":["SUCCESS"],"state":{},"executions":7,"builds":"x","runs":true}""" },
        { "application/json", "{\"id\":" },
        { "application/octet-stream", "\0\u0001\u0002" },
    };

    private protected abstract PretendServer Product { get; }

    /// <summary>A job that passes <see cref="IBackendAdapter.Validate"/> and that the product does not know.</summary>
    protected abstract JobSpec UnknownJob { get; }

    /// <summary>What must not be in any reason: tokens and passwords of the configured user.</summary>
    protected abstract IReadOnlyList<string> Credentials { get; }

    /// <summary>The same adapter for a product at another address, or with credentials that the product refuses.</summary>
    protected abstract IBackendAdapter Another(Uri? url = null, bool wrongCredentials = false);

    /// <summary>Whether this is the request that starts a job, and not a question that comes before it.</summary>
    protected abstract bool IsSubmission(HttpRequest request);

    /// <summary>Whether this is a question about the status of jobs, or of the look-up of one.</summary>
    protected abstract bool IsQuestion(HttpRequest request);

    /// <summary>A good answer of the product to the status question about this one job, in which its status is this word.</summary>
    protected abstract string StatusAnswer(BackendRunRef run, string word);

    /// <summary>How many jobs the product has really started with this marker.</summary>
    protected abstract int Started(string marker);

    [Fact]
    public async Task Submit_WhenTheProductDoesNotKnowTheJob_IsRejectedWithAReason()
    {
        var outcome = await Adapter.SubmitAsync(Job(UnknownJob), Token);

        Assert.True(outcome.Kind == SubmitOutcomeKind.Rejected, $"{outcome.Kind}: {outcome.Reason}");
        Readable(outcome.Reason);
    }

    [Fact]
    public async Task Submit_WhenTheAnswerIsLost_IsUnknown_SentOnce_AndFound()
    {
        var job = Job(ShortJob);
        Fail(IsSubmission, HttpFaults.LoseAnswerAsync);

        var outcome = await Adapter.SubmitAsync(job, Token);
        Product.Before = null;

        Assert.True(outcome.Kind == SubmitOutcomeKind.Unknown, $"{outcome.Kind}: {outcome.Reason}");
        Assert.Equal(1, Started(job.Marker));
        if (Adapter is ISupportFind finder)
        {
            Assert.Equal(FindOutcomeKind.Found, (await finder.FindAsync(job, Token)).Kind);
        }
    }

    [Fact]
    public async Task Submit_WhenTheRequestIsLost_IsUnknown_AndNotFound()
    {
        var job = Job(ShortJob);
        Fail(IsSubmission, HttpFaults.LoseRequestAsync);

        var outcome = await Adapter.SubmitAsync(job, Token);
        Product.Before = null;

        Assert.True(outcome.Kind == SubmitOutcomeKind.Unknown, $"{outcome.Kind}: {outcome.Reason}");
        Assert.Equal(0, Started(job.Marker));
        if (Adapter is ISupportFind finder)
        {
            Assert.NotEqual(FindOutcomeKind.Found, (await finder.FindAsync(job, Token)).Kind);
        }
    }

    [Fact]
    public async Task Submit_WhenTheProductHangs_EndsWithItsCallerAndSendsOnce()
    {
        var seen = 0;
        Fail(IsSubmission, context =>
        {
            Interlocked.Increment(ref seen);
            return HttpFaults.HangAsync(context);
        });
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(TimeSpan.FromSeconds(1));

        SubmitOutcomeKind kind;
        try
        {
            kind = (await Adapter.SubmitAsync(Job(ShortJob), patience.Token)).Kind;
        }
        catch (OperationCanceledException) when (!Token.IsCancellationRequested)
        {
            // To the engine a cancelled call is of unknown outcome.
            kind = SubmitOutcomeKind.Unknown;
        }

        Assert.Equal((SubmitOutcomeKind.Unknown, 1), (kind, Volatile.Read(ref seen)));
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(504)]
    public async Task Submit_WhenTheAnswerIsAServerError_IsUnknown(int status) => await SubmitFailsAsync(HttpFaults.Page(status), SubmitOutcomeKind.Unknown);

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task Submit_WhenTheAnswerIsGarbage_IsUnknown(string contentType, string body) =>
        await SubmitFailsAsync(HttpFaults.Answer(200, contentType, body), SubmitOutcomeKind.Unknown);

    [Theory]
    [InlineData(401)]
    [InlineData(403)]
    public async Task Submit_WhenItIsForbidden_IsNotNow(int status) => await SubmitFailsAsync(HttpFaults.Page(status), SubmitOutcomeKind.NotNow);

    // As a proxy answers that has no product behind it, or wants https or a sign-in first: whoever answers so has started nothing, and a person can mend it.
    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(307)]
    [InlineData(404)]
    public async Task Submit_WhenSomethingElseStandsAtTheAddress_IsNotNow(int status) => await SubmitFailsAsync(HttpFaults.Page(status), SubmitOutcomeKind.NotNow, r => IsSubmission(r) || IsQuestion(r));

    [Fact]
    public async Task Submit_WhenTheProductAsksForAPause_IsNotNowWithThePause()
    {
        var outcome = await SubmitFailsAsync(HttpFaults.TooMany(7), SubmitOutcomeKind.NotNow);

        Assert.InRange(outcome.RetryAfter ?? TimeSpan.Zero, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
    }

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task GetStatuses_WhenTheAnswerIsGarbage_LearnsNothing(string contentType, string body) =>
        await StatusesAreUnreachableAsync(HttpFaults.Answer(200, contentType, body));

    [Theory]
    [InlineData(302)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    public async Task GetStatuses_WhenThePageIsAnError_LearnsNothing(int status) => await StatusesAreUnreachableAsync(HttpFaults.Page(status));

    [Fact]
    public async Task GetStatuses_WhenTheAnswerIsLost_LearnsNothing() => await StatusesAreUnreachableAsync(HttpFaults.LoseAnswerAsync);

    [Fact]
    public async Task GetStatuses_WhenTheAnswerHasNoEnd_LearnsNothingAndKeepsItsMemory()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);

        await StatusesAreUnreachableAsync(HttpFaults.Endless(64));

        Assert.True(GC.GetTotalMemory(forceFullCollection: true) - before < 50 << 20);
    }

    [Fact]
    public async Task GetStatuses_WhereverTheAnswerIsCut_NoEndIsSeen()
    {
        if (Adapter is not ISupportStatus status)
        {
            Assert.Skip("This backend's jobs cannot be asked for.");
            return;
        }

        var run = await AcceptedAsync(Job(LongJob));
        for (var bytes = 0; bytes < 400; bytes += 13)
        {
            Fail(IsQuestion, HttpFaults.Truncate(bytes));
            var report = (await status.GetStatusesAsync([run], Token)).Single();
            Assert.Contains(report.State, new[] { BackendState.Unreachable, BackendState.Queued, BackendState.Running });
        }
    }

    [Fact]
    public async Task GetStatuses_WhenTheProductAsksForAPause_PassesItOn()
    {
        var report = await StatusesAreUnreachableAsync(HttpFaults.TooMany(7));

        Assert.InRange(report.RetryAfter ?? TimeSpan.Zero, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("TELEPORTED")]
    [InlineData("succeeded-maybe")]
    public async Task GetStatuses_WhenTheWordIsUnknown_SaysTheWordAndNoEnd(string word)
    {
        if (Adapter is not ISupportStatus status)
        {
            Assert.Skip("This backend's jobs cannot be asked for.");
            return;
        }

        var run = await AcceptedAsync(Job(LongJob));
        Fail(IsQuestion, HttpFaults.Answer(200, "application/json", StatusAnswer(run, word)));

        var report = (await status.GetStatusesAsync([run], Token)).Single();

        Assert.Equal(BackendState.Unreachable, report.State);
        Assert.Contains(word, $"{report.Word} {report.Reason}", StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task Find_WhenTheAnswerIsGarbage_HasFailedAndFoundNothingOut(string contentType, string body)
    {
        if (Adapter is not ISupportFind finder)
        {
            Assert.Skip("This backend cannot be searched by marker.");
            return;
        }

        // The one garbage that is a good answer: an empty list, where the product answers with one.
        var mayBeEmpty = body is "[]";
        var job = Job(ShortJob);
        var run = await AcceptedAsync(job);
        Fail(IsQuestion, HttpFaults.Answer(200, contentType, body));

        var found = await finder.FindAsync(job, Token);

        Assert.True(found.Kind == FindOutcomeKind.Failed || (mayBeEmpty && found.Kind == FindOutcomeKind.NotFound), $"{found.Kind}: {found.Reason} ({run.Marker})");
    }

    [Theory]
    [InlineData(302)]
    [InlineData(401)]
    [InlineData(403)]
    [InlineData(404)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task Find_WhenItIsRefused_HasFailed(int status)
    {
        if (Adapter is not ISupportFind finder)
        {
            Assert.Skip("This backend cannot be searched by marker.");
            return;
        }

        Fail(IsQuestion, HttpFaults.Page(status));

        Assert.Equal(FindOutcomeKind.Failed, (await finder.FindAsync(Job(ShortJob), Token)).Kind);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(403)]
    public async Task Stop_WhenItIsRefused_SaysSo(int status)
    {
        if (Adapter is not ISupportStop stop)
        {
            Assert.Skip("This backend cannot stop jobs.");
            return;
        }

        var run = await AcceptedAsync(Job(LongJob));
        Fail(r => !HttpMethods.IsGet(r.Method), HttpFaults.Page(status));

        var outcome = await stop.StopAsync(run, StopMode.Soft, Token);

        Assert.False(outcome.Asked);
        Readable(outcome.Reason);
    }

    /// <summary>Puts a fault in the way of the requests that match.</summary>
    private protected void Fail(Func<HttpRequest, bool> matches, Func<HttpContext, Task<bool>> fault) =>
        Product.Before = context => matches(context.Request) ? fault(context) : Task.FromResult(false);

    private async Task<SubmitOutcome> SubmitFailsAsync(Func<HttpContext, Task<bool>> fault, SubmitOutcomeKind expected, Func<HttpRequest, bool>? requests = null)
    {
        var job = Job(ShortJob);
        Fail(requests ?? IsSubmission, fault);
        var begun = Stopwatch.GetTimestamp();

        var outcome = await Adapter.SubmitAsync(job, Token);

        Assert.True(outcome.Kind == expected, $"{outcome.Kind}: {outcome.Reason}");
        Readable(outcome.Reason);
        Assert.Equal(0, Started(job.Marker));
        Assert.True(Stopwatch.GetElapsedTime(begun) < Soon);
        return outcome;
    }

    private async Task<BackendReport> StatusesAreUnreachableAsync(Func<HttpContext, Task<bool>> fault)
    {
        if (Adapter is not ISupportStatus status)
        {
            Assert.Skip("This backend's jobs cannot be asked for.");
        }

        var runs = new[] { await AcceptedAsync(Job(LongJob)), await AcceptedAsync(Job(ShortJob)) };
        Fail(IsQuestion, fault);

        var reports = await ((ISupportStatus)Adapter).GetStatusesAsync(runs, Token);

        Assert.Equal(runs.Select(r => r.Marker).Order(), reports.Select(r => r.Marker).Order());
        Assert.All(reports, r => Assert.True(r.State == BackendState.Unreachable, $"{r.State}: {r.Reason}"));
        Assert.All(reports, r => Readable(r.Reason));
        return reports[0];
    }

    // One sentence for people: no markup, no line breaks, no secrets.
    private void Readable(string? reason)
    {
        Assert.False(string.IsNullOrWhiteSpace(reason));
        Assert.True(reason.Length <= 500, reason);
        Assert.DoesNotContain('\n', reason);
        Assert.DoesNotContain('<', reason);
        Assert.All(Credentials, c => Assert.DoesNotContain(c, reason, StringComparison.Ordinal));
    }
}
