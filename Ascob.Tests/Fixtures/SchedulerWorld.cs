using System.Collections.Concurrent;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Core.Schedules;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Fixtures;

/// <summary>Any number of schedulers on stores of one database, with one clock that stands still until it is told to go on, and a ledger of what was launched.</summary>
internal sealed class SchedulerWorld : IDisposable
{
    public static readonly DateTimeOffset Start = new(2026, 3, 2, 0, 0, 0, TimeSpan.Zero);

    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();
    private readonly List<Scheduler> _schedulers = [];
    private int _lives;

    public SchedulerWorld(DateTimeOffset? start = null)
    {
        Time = new FakeTimeProvider(start ?? Start);
        Clock = new MonotonicClock(Time);
    }

    public FakeTimeProvider Time { get; }

    public MonotonicClock Clock { get; }

    public LaunchLedger Ledger { get; } = new();

    public ScheduleOptions Options { get; } = new();

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Makes the scheduler of one more server.</summary>
    public Scheduler Server(IScheduleStore store, IScheduledLaunch? launch = null)
    {
        var options = Microsoft.Extensions.Options.Options.Create(Options);
        var identity = new ServerIdentity(Microsoft.Extensions.Options.Options.Create(new EngineOptions { ServerName = $"s{++_lives}" }));
        var metrics = new ScheduleMetrics(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());
        var launcher = new TickLauncher(store, launch ?? Ledger, identity, metrics, Clock, options, NullLogger<TickLauncher>.Instance);
        var scheduler = new Scheduler(store, new SchedulePlanner(options), launcher, new ScheduleSignal(), identity, metrics, Clock, options, NullLogger<Scheduler>.Instance);
        _schedulers.Add(scheduler);
        return scheduler;
    }

    /// <summary>Makes the use cases on a store.</summary>
    public ScheduleService Service(IScheduleStore store) => new(store, new ScheduleSignal(), Clock);

    /// <summary>Saves a schedule and answers it.</summary>
    public async Task<Schedule> SaveAsync(IScheduleStore store, ScheduleSpec spec, long definitionId = 1)
    {
        var saved = await Service(store).AddAsync(definitionId, spec, "token:test", Stop);
        Assert.True(saved.IsSuccess, saved.Error?.Fields?.FirstOrDefault().ToString());
        return saved.Value;
    }

    /// <summary>Lets time pass second by second (or in other steps), with a turn of each scheduler after each.</summary>
    public async Task PassAsync(TimeSpan time, TimeSpan step, params Scheduler[] schedulers)
    {
        for (var passed = TimeSpan.Zero; passed < time; passed += step)
        {
            Time.Advance(step);
            await TurnAsync(schedulers);
        }
    }

    public static async Task TurnAsync(params Scheduler[] schedulers) => await Task.WhenAll(schedulers.Select(async s =>
    {
        while (await s.TurnAsync(Stop) > 0)
        {
            // Until nothing is due.
        }
    }));

    public void Dispose()
    {
        _schedulers.ForEach(s => s.Dispose());
        _services.Dispose();
    }
}

/// <summary>Stands for definitions: remembers what was launched by its key, as the run store does.</summary>
internal sealed class LaunchLedger : IScheduledLaunch
{
    private readonly ConcurrentDictionary<string, long> _byKey = new(StringComparer.Ordinal);
    private long _lastRun;

    /// <summary>Gets the launches in their order: schedule and firing.</summary>
    public ConcurrentQueue<(long ScheduleId, DateTimeOffset Tick)> Launched { get; } = new();

    /// <summary>Gets or sets what is answered instead of a launch; null for a launch.</summary>
    public Func<ClaimedTick, Result<ScheduledLaunch>?>? Answer { get; set; }

    /// <summary>Gets how often a launch was asked for that there was already.</summary>
    public int Replayed { get; private set; }

    public Task<Result<ScheduledLaunch>> LaunchAsync(ClaimedTick tick, CancellationToken cancellationToken)
    {
        if (Answer?.Invoke(tick) is { } answer)
        {
            return Task.FromResult(answer);
        }

        var isNew = false;
        var run = _byKey.GetOrAdd(tick.Tick.Key, _ =>
        {
            isNew = true;
            return Interlocked.Increment(ref _lastRun);
        });
        if (isNew)
        {
            Launched.Enqueue((tick.Schedule.Id, tick.Tick.Tick));
        }
        else
        {
            Replayed++;
        }

        return Task.FromResult<Result<ScheduledLaunch>>(new ScheduledLaunch(run));
    }

    public Task<ScheduledLaunch?> FindAsync(ClaimedTick tick, CancellationToken cancellationToken)
    {
        if (!_byKey.TryGetValue(tick.Tick.Key, out var run))
        {
            return Task.FromResult<ScheduledLaunch?>(null);
        }

        Replayed++;
        return Task.FromResult<ScheduledLaunch?>(new ScheduledLaunch(run));
    }

    public IEnumerable<string> Times(long scheduleId) => Launched.Where(l => l.ScheduleId == scheduleId).Select(l => l.Tick.ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture));
}
