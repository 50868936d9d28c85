using System.Collections.Concurrent;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;
using Npgsql;

namespace Ascob.Tests.Server.Persistence;

public sealed class PostgreSqlTroubleTests(PostgresFixture postgres)
{
    private const int Rounds = 60;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Guarantee26_Writes_WhenTheAnswerOfACommitIsLost_HappenOnceAndAreToldRight()
    {
        var connectionString = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());

        // A batch is one message that ends with a Sync ('S', length 4), and its answer comes after the commit.
        await using var proxy = new CuttingProxy(connectionString.Port, data => data.Length > 600 && data.Span.EndsWith("S\0\0\0\u0004"u8));
        await using var direct = await TestStore.OpenAsync("PostgreSql", connectionString.ConnectionString);
        await using var store = await TestStore.OpenAsync("PostgreSql", new NpgsqlConnectionStringBuilder(connectionString.ConnectionString) { Port = proxy.Port }.ConnectionString);
        var told = new ConcurrentBag<(long Id, string Reason, ApplyOutcome Outcome)>();
        var unknown = 0;

        for (var round = 0; round < Rounds; round++)
        {
            var key = new IdempotencyKey("portal", $"key-{round}", new string('a', 64));
            var news = new List<NewRun>();
            for (var i = 0; i < 4; i++)
            {
                news.Add(await SampleRuns.NewAsync(direct.Runs, key: i < 2 ? key : null));
            }

            proxy.Arm();
            var added = await Task.WhenAll(news.Select(n => CatchAsync(() => store.Runs.AddAsync(n, Stop))));
            proxy.Arm();
            var stored = added.OfType<AddOutcome>().Where(a => a.Outcome == AddOutcomeKind.Added).Select(a => news.First(n => n.Run.Id == a.RunId).Run);
            var changes = stored.SelectMany(_ => (string[])["one", "two"], (run, word) => (Run: run, Reason: $"{word} of {run.Id}"));
            unknown += (await Task.WhenAll(changes.Select(c => CatchAsync(async () =>
            {
                told.Add((c.Run.Id, c.Reason, await store.Runs.TryApplyAsync(SampleRuns.Change(c.Run, RunTrigger.BackendAccepted, reason: c.Reason), null, Stop)));
                return new AddOutcome(c.Run.Id, AddOutcomeKind.Added);
            })))).Count(a => a is null);
            unknown += added.Count(a => a is null);
        }

        Assert.True(proxy.Cuts >= Rounds, $"only {proxy.Cuts} cuts");
        await AssertTruthAsync(direct, told);
        Assert.Equal(Rounds, await CountAsync(connectionString.ConnectionString, "SELECT count(*) FROM idempotency_keys"));
        Assert.Equal(0, unknown);
    }

    [Fact]
    public async Task Launches_WhenTheAnswerOfTheirCommitIsLost_AreStoredOnce_AndAreNeitherPreventedNorHinderedByThemselves()
    {
        var connectionString = new NpgsqlConnectionStringBuilder(await postgres.CreateDatabaseAsync());

        // The commit is a message of its own; its text ends with a zero, which "READ COMMITTED" in the one that begins does not.
        await using var proxy = new CuttingProxy(connectionString.Port, data => data.Span.EndsWith("COMMIT\0"u8));
        await using var direct = await TestStore.OpenAsync("PostgreSql", connectionString.ConnectionString);
        await using var store = await TestStore.OpenAsync("PostgreSql", new NpgsqlConnectionStringBuilder(connectionString.ConnectionString) { Port = proxy.Port }.ConnectionString);
        var version = new NewVersion(new DefinitionContent { JobSpec = new JobSpec() }, null, SampleRuns.Start, "token:ann");
        var definition = (await direct.Get<IDefinitionStore>().AddAsync(new NewDefinition("job", null, false, version, null), Stop))!.Value;
        const int launches = 12;

        for (var round = 0; round < launches; round++)
        {
            var key = round % 2 == 0 ? new IdempotencyKey("portal", $"key-{round}", new string('a', 64)) : null;
            var started = await LaunchAsync(store, proxy, definition, key);
            Assert.Equal(new AddOutcome(started.Run.Id, AddOutcomeKind.Added), started.Outcome);
            var prevented = await LaunchAsync(store, proxy, definition, null);
            Assert.Equal(new AddOutcome(prevented.Run.Id, AddOutcomeKind.Prevented), prevented.Outcome);
            await SampleRuns.ApplyAsync(direct.Runs, started.Run, RunTrigger.BackendSucceeded);
        }

        Assert.Equal(2 * launches, proxy.Cuts);
        Assert.Equal(2 * launches, await CountAsync(connectionString.ConnectionString, "SELECT count(*) FROM runs"));
        Assert.Equal(3 * launches, await CountAsync(connectionString.ConnectionString, "SELECT count(*) FROM run_events"));
    }

    private static async Task<(Run Run, AddOutcome Outcome)> LaunchAsync(TestStore store, CuttingProxy proxy, long definition, IdempotencyKey? key)
    {
        var added = await SampleRuns.NewAsync(store.Runs, key: key);
        var run = added.Run with { DefinitionId = definition, DefinitionName = "job", DefinitionVersion = 1, Cause = new RunCause(RunCause.Api) };
        var launch = added with
        {
            Run = run,
            Guard = new LaunchGuard(definition, new LaunchPolicy(NotWhileWorking: true, NotWhileError: false), hindrance => new NewRun(
                run with { Status = RunStatus.Aborted, StatusReason = hindrance.Reason, EndedAt = run.DefinedAt, NextCheckAt = null },
                added.Event with { To = RunStatus.Aborted, Reason = hindrance.Reason },
                [],
                key)),
        };
        proxy.Arm();
        return (run, await store.Runs.AddAsync(launch, Stop));
    }

    private static async Task<AddOutcome?> CatchAsync(Func<Task<AddOutcome>> write)
    {
        try
        {
            return await write();
        }
        catch (StoreUnavailableException e) when (e.OutcomeUnknown)
        {
            return null;
        }
    }

    private static async Task AssertTruthAsync(TestStore direct, IEnumerable<(long Id, string Reason, ApplyOutcome Outcome)> told)
    {
        foreach (var run in told.GroupBy(t => t.Id))
        {
            var events = await direct.Runs.EventsAsync(run.Key, 0, 10, Stop);
            Assert.Equal(2, events.Count);
            var winner = Assert.Single(run, t => t.Outcome == ApplyOutcome.Applied);
            Assert.Equal(winner.Reason, events[1].Reason);
        }
    }

    private static async Task<long> CountAsync(string connectionString, string text)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(Stop);
        await using var command = connection.CreateCommand();
        command.CommandText = text;
        return (long)(await command.ExecuteScalarAsync(Stop) ?? 0L);
    }
}
