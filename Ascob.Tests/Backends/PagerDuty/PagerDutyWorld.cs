using Ascob.Backends.PagerDuty;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Demo.PagerDuty;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Backends.PagerDuty;

/// <summary>A pretend PagerDuty and an adapter that talks to it over HTTP.</summary>
internal sealed class PagerDutyWorld : IAsyncDisposable
{
    public const string Action = "ACTION1";
    public const string Shared = "QSHARED1";

    private readonly List<IDisposable> _adapters = [];
    private readonly TimeProvider _time;
    private readonly TimeProvider _adapterTime;

    private PagerDutyWorld(TimeProvider time, TimeProvider adapterTime)
    {
        _time = time;
        _adapterTime = adapterTime;
        Server = new PretendPagerDuty(time);
        Server.AddAction(Action, "restart", TimeSpan.FromMilliseconds(10), TimeSpan.FromMilliseconds(20));
        Server.AddIncident(Shared);
        Server.AddWorkflow("WORKFLOW1");
    }

    public PretendPagerDuty Server { get; }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts the pretend product on one clock; the adapters' pauses go by another one, or by the same.</summary>
    public static async Task<PagerDutyWorld> StartAsync(TimeProvider? time = null, TimeProvider? adapterTime = null)
    {
        var world = new PagerDutyWorld(time ?? TimeProvider.System, adapterTime ?? time ?? TimeProvider.System);
        await world.Server.StartAsync(cancellationToken: Token);
        return world;
    }

    /// <summary>Makes an adapter whose runs have incidents of their own.</summary>
    public IBackendAdapter Own(params (string Key, string Value)[] settings) => Adapter([("ServiceId", "PSERVICE"), ("From", "ascob@example.test"), .. settings]);

    /// <summary>Makes an adapter whose runs share one incident.</summary>
    public IBackendAdapter OnShared(params (string Key, string Value)[] settings) => Adapter([("IncidentId", Shared), .. settings]);

    public IBackendAdapter Adapter(params (string Key, string Value)[] settings)
    {
        var given = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase) { ["Url"] = Server.Url.AbsoluteUri, ["ApiToken"] = PretendPagerDuty.DefaultToken };
        foreach (var (key, value) in settings)
        {
            given[key] = value;
        }

        var adapter = Make(given, _adapterTime);
        _adapters.Add((IDisposable)adapter);
        return adapter;
    }

    public static IBackendAdapter Make(Dictionary<string, string> settings, TimeProvider? time = null)
    {
        var services = new ServiceCollection().AddSingleton(time ?? TimeProvider.System).BuildServiceProvider();
        var options = new BackendOptions { Type = "PagerDuty" };
        return new PagerDutyBackendType().Create(new BackendContext("pd", options, key => settings.GetValueOrDefault(key), "/nowhere", services));
    }

    public static JobSpec Spec(params (string Label, string Value)[] labels) => new() { Labels = labels.ToDictionary(l => l.Label, l => l.Value) };

    public static JobSpec Invoke(string action = Action) => Spec((PagerDutyWork.ActionLabel, action));

    public BackendJob Job(JobSpec? spec = null) => new()
    {
        RunId = 7,
        Marker = "ascob-" + Guid.NewGuid().ToString("N"),
        Attempt = 1,
        Spec = spec ?? Invoke(),
        IntentAt = _time.GetUtcNow(),
    };

    public static async Task<BackendRunRef> AcceptedAsync(IBackendAdapter adapter, BackendJob job)
    {
        var outcome = await adapter.SubmitAsync(job, Token);
        Assert.True(outcome.Kind == SubmitOutcomeKind.Accepted, outcome.Reason);
        return new BackendRunRef(job.RunId, job.Marker, outcome.Keys);
    }

    public static async Task<BackendReport> ReportAsync(IBackendAdapter adapter, BackendRunRef run) =>
        (await ((ISupportStatus)adapter).GetStatusesAsync([run], Token)).Single();

    public static Task<FindOutcome> FindAsync(IBackendAdapter adapter, BackendJob job) => ((ISupportFind)adapter).FindAsync(job, Token);

    /// <summary>Lets the next request that starts so go wrong, and no other.</summary>
    public void Next(string start, PretendFault fault)
    {
        var left = 1;
        Server.Fault = request => request.StartsWith(start, StringComparison.Ordinal) && Interlocked.Exchange(ref left, 0) == 1 ? fault : PretendFault.None;
    }

    public async ValueTask DisposeAsync()
    {
        _adapters.ForEach(a => a.Dispose());
        await Server.DisposeAsync();
    }
}
