using System.Data.Common;
using System.Diagnostics;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence;

/// <summary>Times pages of searches over 1,000,000 runs. Runs on demand: <c>ASCOB_BIG=1 dotnet run --project Ascob.Tests -- --explicit only --filter-class "*SearchMeasurement"</c>.</summary>
public sealed class SearchMeasurement(PostgresFixture postgres)
{
    private const string Spec =
        """'{"description":"nightly build","submitter":"user' || (n % 200) || '","labels":{"env":"e' || (n % 3) || '","team":"t' || (n % 50) || '","app":"a' || (n % 1000) || '","ticket":"T-' || n || '"},"parameters":{"text":"' || {pad} || '"}}'""";

    private const string Status = "CASE WHEN n % 1000 = 1 THEN 'RUNNING' WHEN n % 50 = 2 THEN 'FAILED' ELSE 'SUCCEEDED' END";

    private const string Columns =
        "id, description, submitter, spec, marker_id, token, defined_at, status, version, backend_id, attempt, ended_at, next_check_at, abort_force, timed_out, failed_checks, holds_slot, output_archived";

    private static readonly string[] Labels = ["'env', 'e' || (n % 3)", "'team', 't' || (n % 50)", "'app', 'a' || (n % 1000)", "'ticket', 'T-' || n"];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static int Runs => int.TryParse(Environment.GetEnvironmentVariable("ASCOB_BIG_RUNS"), out var runs) ? runs : 1_000_000;

    [Fact(Explicit = true)]
    public async Task SearchAsync_OnSqliteWithAMillionRuns_AnswersAPageInTime()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        var numbers = $"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {Runs})";
        await FillAsync(store, $"{numbers} INSERT INTO runs ({Columns}) SELECT {Values("hex(zeroblob(200))", "0")} FROM s");
        foreach (var label in Labels)
        {
            await FillAsync(store, $"{numbers} INSERT INTO run_labels (label_key, label_value, run_id) SELECT {label}, n FROM s ORDER BY 1, 2, 3");
        }

        await MeasureAsync(store, "SQLite");
    }

    [Fact(Explicit = true)]
    public async Task SearchAsync_OnPostgreSqlWithAMillionRuns_AnswersAPageInTime()
    {
        await using var store = await TestStore.OpenAsync("PostgreSql", await postgres.CreateDatabaseAsync() + ";Command Timeout=600");
        await FillAsync(
            store,
            $"INSERT INTO runs ({Columns}, labels) SELECT {Values("repeat('0', 400)", "false")}, jsonb_build_object({string.Join(", ", Labels)}) FROM generate_series(1, {Runs}) AS n");
        await FillAsync(store, "VACUUM ANALYZE runs");
        await MeasureAsync(store, "PostgreSQL");
    }

    private static string Values(string pad, string off) =>
        $"n, 'nightly build', 'user' || (n % 200), {Spec.Replace("{pad}", pad, StringComparison.Ordinal)}, 'marker' || n, 'portal', 1700000000000000 + CAST(n AS bigint) * 1000000, {Status}, 3, 'b' || (n % 10), 1, "
        + $"CASE WHEN n % 1000 = 1 THEN NULL ELSE 1700000000000000 + CAST(n AS bigint) * 1000000 END, CASE WHEN n % 1000 = 1 THEN 1700000000000000 + CAST(n AS bigint) * 1000000 END, {off}, {off}, 0, {off}, {off}";

    private static async Task FillAsync(TestStore store, string text)
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("ASCOB_BIG") != "1", "ASCOB_BIG=1 is not set.");
        await using var connection = await store.Get<SqlDialect>().OpenAsync(Stop);
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.CommandTimeout = 600;
        await command.ExecuteNonQueryAsync(Stop);
    }

    private static IEnumerable<(string Name, RunSearch Search, bool MayBeSlow)> Cases()
    {
        KeyValuePair<string, string> env = new("env", "e1");
        KeyValuePair<string, string> team = new("team", "t7");
        KeyValuePair<string, string> app = new("app", "a7");
        var start = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        yield return ("none", new RunSearch(), false);
        yield return ("status common", new RunSearch { Statuses = [RunStatus.Succeeded] }, false);
        yield return ("status 2 %", new RunSearch { Statuses = [RunStatus.Failed] }, false);
        yield return ("three statuses", new RunSearch { Statuses = [RunStatus.Failed, RunStatus.Running, RunStatus.Aborted] }, false);
        yield return ("submitter", new RunSearch { Submitters = ["user7"] }, false);
        yield return ("submitter and status", new RunSearch { Submitters = ["user12"], Statuses = [RunStatus.Failed] }, false);
        yield return ("submitter and status that never meet", new RunSearch { Submitters = ["user7"], Statuses = [RunStatus.Failed] }, false);
        yield return ("time range, long ago", new RunSearch { DefinedAfter = start.AddSeconds(Runs / 10), DefinedBefore = start.AddSeconds((Runs / 10) + 5_000) }, false);
        yield return ("time range and status", new RunSearch { DefinedBefore = start.AddSeconds(Runs / 2), Statuses = [RunStatus.Failed] }, false);
        yield return ("label 1/3", new RunSearch { Labels = [env] }, false);
        yield return ("label 1/50", new RunSearch { Labels = [team] }, false);
        yield return ("label 1/1000", new RunSearch { Labels = [app] }, false);
        yield return ("label unique", new RunSearch { Labels = [new("ticket", "T-4711")] }, false);
        yield return ("label absent", new RunSearch { Labels = [new("ticket", "none")] }, false);
        yield return ("labels 1/3 and 1/50", new RunSearch { Labels = [env, team] }, false);
        yield return ("labels 1/50 and 1/1000", new RunSearch { Labels = [team, app] }, false);
        yield return ("label 1/50 and status 2 %", new RunSearch { Labels = [new("team", "t2")], Statuses = [RunStatus.Failed] }, false);
        yield return ("label 1/3 and status 0.1 %", new RunSearch { Labels = [env], Statuses = [RunStatus.Running] }, false);
        yield return ("label 1/3, submitter, backend", new RunSearch { Labels = [env], Submitters = ["user7"], BackendId = "b7" }, false);
        yield return ("deep page of label 1/3", new RunSearch { Labels = [env], BeforeId = Runs / 2 }, false);
        yield return ("two labels 1/50 that never meet", new RunSearch { Labels = [team, new("team", "t8")] }, true);
        yield return ("two values of one label", new RunSearch { Labels = [env, new("env", "e2")] }, false);
        yield return ("label 1/50 and status 2 % that never meet", new RunSearch { Labels = [team], Statuses = [RunStatus.Failed] }, true);
    }

    private static async Task MeasureAsync(TestStore store, string database)
    {
        var lines = new List<string> { $"{database}, {Runs:N0} runs, page of 50", "| query | rows | median ms | p99 ms |", "|---|---|---|---|" };
        var slow = new List<string>();
        foreach (var (name, search, mayBeSlow) in Cases())
        {
            var times = new List<double>();
            var rows = 0;
            for (var i = 0; i < 40; i++)
            {
                var started = Stopwatch.GetTimestamp();
                rows = (await store.Runs.SearchAsync(search, Stop)).Items.Count;
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            times = [.. times.Skip(3).Order()];
            lines.Add(FormattableString.Invariant($"| {name} | {rows} | {times[times.Count / 2]:F2} | {times[^1]:F2} |"));
            if (!mayBeSlow && times[times.Count / 2] > 10)
            {
                slow.Add(name);
            }
        }

        TestContext.Current.TestOutputHelper?.WriteLine(string.Join('\n', lines));
        Assert.Empty(slow);
    }
}
