using Ascob.Core.Access;
using Ascob.Core.Backends;
using Ascob.Core.Dispatch;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Locks;
using Ascob.Core.Monitoring;
using Ascob.Core.Runs;
using Ascob.Server.Background;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Output;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Fixtures;

/// <summary>
/// The engine of one server on a real SQLite database, a clock that the test moves, and a scripted backend. Loops are not running: the test says when the sweeper sweeps and the follower looks.
/// A second world on the same directory is the next life of the server, or another server.
/// </summary>
internal sealed class TestWorld : IAsyncDisposable
{
    private readonly ServiceProvider _services;
    private readonly bool _ownsDirectory;
    private readonly CancellationTokenSource _stopping = new();
    private Task _reactions = Task.CompletedTask;

    private TestWorld(ServiceProvider services, string directory, bool ownsDirectory, FakeTimeProvider time, ScriptedBackend backend)
    {
        _services = services;
        _ownsDirectory = ownsDirectory;
        Directory = directory;
        Time = time;
        Backend = backend;
    }

    public static Caller Root { get; } = new("root", Permissions.All.ToHashSet(StringComparer.Ordinal), null, null);

    public string Directory { get; }

    public FakeTimeProvider Time { get; }

    /// <summary>Gets the clock that the engine sees; its wall time can jump.</summary>
    public JumpingTimeProvider WallClock => (JumpingTimeProvider)Get<TimeProvider>();

    public ScriptedBackend Backend { get; }

    /// <summary>Gets the world's only backend, or its scripted one where there are several.</summary>
    public BackendEntry Entry => Get<BackendCatalog>().All is [var only] ? only : EntryOf(Backend.BackendId);

    public JobService Jobs => Get<JobService>();

    public IRunStore Store => Get<IRunStore>();

    public ILockStore Locks => Get<ILockStore>();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Starts a server: on a new directory, or with that of another world.</summary>
    public static async Task<TestWorld> StartAsync(
        TestWorld? sharing = null,
        Action<BackendOptions>? backend = null,
        Action<EngineOptions>? engine = null,
        string serverName = "one",
        Action<IServiceCollection>? configure = null,
        IReadOnlyList<(ScriptedBackend Backend, BackendOptions Options)>? others = null,
        string? postgres = null,
        ScriptedBackend? first = null,
        bool onlyOthers = false)
    {
        var directory = sharing?.Directory ?? System.IO.Directory.CreateTempSubdirectory("ascob-world-").FullName;
        var time = sharing?.Time ?? new FakeTimeProvider(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
        var scripted = sharing?.Backend ?? first ?? new ScriptedBackend();
        var options = new BackendOptions { Type = "Scripted" };
        backend?.Invoke(options);
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?>
            {
                ["Ascob:DataDirectory"] = directory,
                ["Ascob:Database:Provider"] = postgres is null ? "Sqlite" : "PostgreSql",
                ["Ascob:Database:ConnectionString"] = postgres,
            })
            .Build();
        var parts = new ServiceCollection()
            .AddSingleton<IConfiguration>(configuration)
            .AddLogging(l => l.SetMinimumLevel(LogLevel.Warning))
            .AddMetrics()
            .AddSingleton<TimeProvider>(new JumpingTimeProvider(time))
            .Configure<EngineOptions>(o =>
            {
                o.ServerName = serverName;
                o.PublicUrl = "https://ascob.test";
                engine?.Invoke(o);
            })
            .AddSingleton(p => new BackendCatalog(new[] { (Backend: scripted, Options: options) }.Where(_ => !onlyOthers).Concat(others ?? []).Select(
                b => new BackendEntry(b.Backend.BackendId, b.Backend, b.Options, b.Backend, new BackendCondition(b.Options.Resilience, p.GetRequiredService<TimeProvider>())))))
            .AddAscobPersistence(configuration)
            .AddAscobOutput(configuration)
            .AddAscobEngine();
        configure?.Invoke(parts);
        var services = parts.BuildServiceProvider();
        await services.GetRequiredService<DatabaseStartup>().MigrateAsync(Token);
        var world = new TestWorld(services, directory, sharing is null, time, scripted);
        world._reactions = Task.Run(() => world.Get<EngineReactions>().RunAsync(world._stopping.Token), Token);
        return world;
    }

    public BackendEntry EntryOf(string backendId) => Get<BackendCatalog>().TryGet(backendId, out var entry) ? entry : throw new ArgumentException(backendId);

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    /// <summary>A job that goes to the scripted backend.</summary>
    public static JobSpecBuilder Job(string submitter = "ann") => JobSpec.Builder(submitter).WithLabel("_execution_backend_id", "scripted");

    public async Task<Run> SubmitAsync(JobSpec? spec = null, bool untilSent = true)
    {
        var result = await Jobs.SubmitAsync(new SubmitRequest(spec ?? Job().Build()), Root, Token);
        Assert.True(result.IsSuccess, result.Error?.Message);
        if (untilSent)
        {
            await IdleAsync();
        }

        return await RunAsync(result.Value.RunId);
    }

    public async Task<Error> RefusedAsync(JobSpec spec)
    {
        var result = await Jobs.SubmitAsync(new SubmitRequest(spec), Root, Token);
        Assert.False(result.IsSuccess);
        return result.Error;
    }

    public async Task<Run> RunAsync(long runId) => await Store.FindAsync(runId, Token) ?? throw new InvalidOperationException($"Run {runId} is gone.");

    public async Task<IReadOnlyList<RunEvent>> EventsAsync(long runId) => await Store.EventsAsync(runId, 0, 1000, Token);

    /// <summary>Moves the clock, then lets sweeper and follower look until nothing is due any more.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        Time.Advance(time);
        await LookAsync();
    }

    /// <summary>Lets sweeper and follower look until nothing is due any more.</summary>
    public async Task LookAsync()
    {
        for (var rounds = 0; rounds < 50; rounds++)
        {
            var swept = await Get<Sweeper>().SweepAsync(Token);
            var followed = 0;
            foreach (var entry in Get<BackendCatalog>().All)
            {
                followed += await Get<RunFollower>().FollowDueAsync(entry, Token);
            }

            await IdleAsync();
            if (swept + followed == 0)
            {
                return;
            }
        }
    }

    /// <summary>Waits until no submission is queued or under way in this process.</summary>
    public Task IdleAsync() => UntilAsync(() => Get<Dispatcher>().InHand == 0);

    /// <summary>Waits for a run to stand in a status by what happens in the process, without moving the clock.</summary>
    public async Task<Run> UntilAsync(long runId, RunStatus status)
    {
        Run run = await RunAsync(runId);
        await UntilAsync(async () => (run = await RunAsync(runId)).Status == status);
        return run;
    }

    public static Task UntilAsync(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (!await condition())
        {
            await Task.Delay(5, limit.Token);
        }
    }

    /// <summary>Ends this life as <c>kill -9</c> does: nothing is given back, nothing is finished.</summary>
    public async Task KillAsync()
    {
        await _stopping.CancelAsync();
        await _reactions.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Get<Dispatcher>().DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _services.DisposeAsync();
        _stopping.Dispose();
        if (_ownsDirectory)
        {
            System.IO.Directory.Delete(Directory, recursive: true);
        }
    }
}
