using System.Diagnostics.Metrics;
using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Server.Background;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Output;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Ascob.Bench.Polling;

/// <summary>The engine of a server in this process, on a real store, with two backends that only count: one answers at once, the other never.</summary>
internal sealed class PolledEngine : IAsyncDisposable
{
    public const string Good = "good";
    public const string Hanging = "hanging";
    private const int Submitters = 64;

    private static readonly Caller Root = new("bench", Permissions.All.ToHashSet(StringComparer.Ordinal), null, null);

    private readonly ServiceProvider _services;
    private readonly CountingBackend _good;
    private readonly MeterListener _listener = new();
    private readonly List<double> _lateness = [];
    private readonly Lock _gate = new();

    private PolledEngine(ServiceProvider services, CountingBackend good)
    {
        _services = services;
        _good = good;
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == AscobMetrics.SourceName && instrument.Name == "ascob_poll_lateness")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<double>(OnLateness);
        _listener.Start();
    }

    public static async Task<PolledEngine> StartAsync(string directory, string? postgres, TimeSpan interval, CancellationToken cancellationToken)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Ascob:DataDirectory"] = directory,
            ["Ascob:Database:Provider"] = postgres is null ? "Sqlite" : "PostgreSql",
            ["Ascob:Database:ConnectionString"] = postgres,
        }).Build();
        var (good, hanging) = (new CountingBackend(Good, answers: true), new CountingBackend(Hanging, answers: false));
        var services = new ServiceCollection()
            .AddSingleton<IConfiguration>(configuration)
            .AddLogging(l => l.SetMinimumLevel(LogLevel.Error).AddSimpleConsole())
            .AddMetrics()
            .AddSingleton(TimeProvider.System)
            .Configure<EngineOptions>(o => o.ServerName = "bench")
            .AddSingleton(new BackendCatalog([Entry(good, interval), Entry(hanging, interval)]))
            .AddAscobPersistence(configuration)
            .AddAscobOutput(configuration)
            .AddAscobEngine()
            .BuildServiceProvider();
        await services.GetRequiredService<DatabaseStartup>().MigrateAsync(cancellationToken);
        var engine = new PolledEngine(services, good);
        await services.GetServices<IHostedService>().OfType<EngineHost>().Single().StartAsync(cancellationToken);
        return engine;
    }

    /// <summary>Makes runs that stay, as many at once as clients would.</summary>
    public async Task SubmitAsync(string backend, int count, CancellationToken cancellationToken)
    {
        var jobs = _services.GetRequiredService<JobService>();
        var spec = JobSpec.Builder("bench").WithLabel("_execution_backend_id", backend).Build();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = Submitters, CancellationToken = cancellationToken },
            async (_, ct) =>
            {
                if (!(await jobs.SubmitAsync(new SubmitRequest(spec), Root, ct)).IsSuccess)
                {
                    throw new BenchException("a run was refused");
                }
            });
    }

    /// <summary>Begins a measurement.</summary>
    public void Reset()
    {
        lock (_gate)
        {
            _lateness.Clear();
        }

        _good.Reset();
    }

    /// <summary>Answers what was seen since.</summary>
    public PollSample Read()
    {
        lock (_gate)
        {
            return new PollSample(_good.Requests, _good.Asked, P99([.. _lateness]), P99(_good.Between()), _good.LongestSince());
        }
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _services.GetServices<IHostedService>().OfType<EngineHost>().Single().StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
    }

    private static BackendEntry Entry(CountingBackend backend, TimeSpan interval)
    {
        var options = new BackendOptions { Type = backend.Name, Poll = new PollOptions { Initial = interval, Max = interval } };
        return new BackendEntry(backend.BackendId, backend, options, backend, new BackendCondition(options.Resilience, TimeProvider.System));
    }

    private static double P99(double[] values)
    {
        Array.Sort(values);
        return values.Length == 0 ? double.NaN : values[(int)Math.Min(values.Length - 1, values.Length * 0.99)];
    }

    private void OnLateness(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags, object? state)
    {
        foreach (var tag in tags)
        {
            if (tag is { Key: "backend", Value: Good })
            {
                lock (_gate)
                {
                    _lateness.Add(value);
                }
            }
        }
    }
}

/// <summary>What was seen of the polls of one backend.</summary>
internal sealed record PollSample(int Requests, int Asked, double LatenessP99, double BetweenP99, double LongestSince);
