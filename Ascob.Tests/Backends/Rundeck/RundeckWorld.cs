using Ascob.Backends.Rundeck;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Demo.Rundeck;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.Rundeck;

/// <summary>An adapter and a pretend Rundeck with a clock that the test moves; the adapter's own pauses are real.</summary>
internal sealed class RundeckWorld : IAsyncDisposable
{
    public const string BackendId = "rundeck-main";

    public static readonly PretendRundeckJob Short = new("1111-short", "web", "short") { Group = "team/tools", Takes = TimeSpan.FromMilliseconds(10), Output = ["first line", "zweite Zeile äöü", "third"] };
    public static readonly PretendRundeckJob Long = new("2222-long", "web", "long") { Takes = null };

    private RundeckWorld(PretendRundeck rundeck, FakeTimeProvider time, IBackendAdapter adapter)
    {
        Rundeck = rundeck;
        Time = time;
        Adapter = adapter;
    }

    public PretendRundeck Rundeck { get; }

    public FakeTimeProvider Time { get; }

    public IBackendAdapter Adapter { get; }

    public ISupportStatus Status => (ISupportStatus)Adapter;

    public ISupportFind Finder => (ISupportFind)Adapter;

    public ISupportStop Stopper => (ISupportStop)Adapter;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<RundeckWorld> StartAsync(Func<TimeProvider, PretendRundeck>? make = null, Dictionary<string, string>? settings = null)
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var rundeck = make?.Invoke(time) ?? new PretendRundeck(time, Short, Long);
        await rundeck.StartAsync(0, Token);
        var adapter = MakeAdapter(rundeck.Url, rundeck.AuthToken, settings);
        return new RundeckWorld(rundeck, time, adapter);
    }

    public static IBackendAdapter MakeAdapter(Uri url, string token, Dictionary<string, string>? settings = null, TimeSpan? timeout = null)
    {
        var all = new Dictionary<string, string>(settings ?? [], StringComparer.Ordinal);
        all.TryAdd("Url", url.AbsoluteUri);
        all.TryAdd("AuthToken", token);
        var options = new BackendOptions { Type = "Rundeck", Resilience = new BackendResilienceOptions { Timeout = timeout ?? TimeSpan.FromSeconds(20) } };
        return new RundeckBackendType().Create(new BackendContext(BackendId, options, all.GetValueOrDefault, "/nowhere", new ServiceCollection().BuildServiceProvider()));
    }

    public static JobSpec Spec(PretendRundeckJob job) => JobSpec.Builder("ann").WithLabel("rundeck_job_id", job.Id).Build();

    public static BackendJob Job(JobSpec spec) => new()
    {
        RunId = 7,
        Marker = "ascob-" + Guid.NewGuid().ToString("N"),
        Attempt = 1,
        Spec = spec,
        IntentAt = TimeProvider.System.GetUtcNow(),
    };

    public static BackendRunRef Reference(long executionId, string? project = "web") => new(
        7,
        "ascob-" + executionId,
        new Dictionary<string, string>(project is null ? [] : [new("project", project)]) { ["instance"] = BackendId, ["executionId"] = $"{executionId}" });

    public async Task<BackendRunRef> StartedAsync(BackendJob job)
    {
        var outcome = await Adapter.SubmitAsync(job, Token);
        Assert.True(outcome.Kind == SubmitOutcomeKind.Accepted, outcome.Reason);
        return new BackendRunRef(job.RunId, job.Marker, outcome.Keys);
    }

    public Task<BackendRunRef> StartedAsync(PretendRundeckJob job) => StartedAsync(Job(Spec(job)));

    public PretendExecution Execution(BackendRunRef run) => Rundeck.Executions[long.Parse(run.Keys["executionId"], System.Globalization.CultureInfo.InvariantCulture)];

    public async Task<BackendReport> ReportAsync(BackendRunRef run) => (await Status.GetStatusesAsync([run], Token)).Single();

    /// <summary>Reads from an offset to the end of what is there, in pieces.</summary>
    public async Task<(string Text, bool Complete)> OutputAsync(BackendRunRef run, long offset = 0, int pieces = 7)
    {
        var bytes = new MemoryStream();
        while (true)
        {
            var chunk = await ((ISupportOutput)Adapter).ReadOutputAsync(run, OutputChannel.Combined, offset, pieces, Token);
            Assert.Equal(offset + chunk.Data.Length, chunk.NextOffset);
            bytes.Write(chunk.Data.Span);
            offset = chunk.NextOffset;
            if (chunk.Complete || chunk.Data.Length == 0)
            {
                return (System.Text.Encoding.UTF8.GetString(bytes.ToArray()), chunk.Complete);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        (Adapter as IDisposable)?.Dispose();
        await Rundeck.DisposeAsync();
    }
}
