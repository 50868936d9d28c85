using System.Reflection;
using Ascob.Core.Definitions;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Backends;
using Ascob.Server.Persistence.Cluster;
using Ascob.Server.Persistence.Contents;
using Ascob.Server.Persistence.Definitions;
using Ascob.Server.Persistence.Files;
using Ascob.Server.Persistence.Locks;
using Ascob.Server.Persistence.Notifications;
using Ascob.Server.Persistence.Output;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Schedules;
using Ascob.Server.Persistence.Schema;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Timing;
using Ascob.Server.Persistence.Tokens;
using Ascob.Server.Persistence.Writing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.SqlServer.TransactSql.ScriptDom;

namespace Ascob.Tests.Server.Persistence;

/// <summary>Where no SQL Server answers, at least its own grammar has read every text that is sent to it.</summary>
public sealed class SqlServerStatementTests
{
    [Fact]
    public void Migrations_WhenScripted_AreTSql()
    {
        using var context = SqlServerAscobDbContext.Factory.Create("Server=localhost;Database=x");

        var script = context.GetService<IMigrator>().GenerateScript(options: MigrationsSqlGenerationOptions.Idempotent);

        Assert.Contains("CREATE TABLE [runs]", script, StringComparison.Ordinal);
        AssertParses(script);
    }

    [Fact]
    public async Task Statements_WhenMade_AreTSql()
    {
        var texts = new List<string>();
        var made = new List<object>();
        var dialect = new SqlServerDialect("Server=localhost;Database=x", TimeSpan.FromSeconds(5)) { OnStatement = texts.Add };
        await using var database = new Database(dialect, TimeSpan.FromSeconds(1));
        var runs = MadeRuns(dialect);
        made.Add(runs);
        var locks = new LockSql(dialect);
        _ = locks.Requests(3);
        var keeps = new LockKeepSql(dialect);
        _ = keeps.Some(1);
        _ = keeps.Some(3);
        var clock = new MonotonicClock(TimeProvider.System);
        var metadata = new Metadata(database, null!);
        var notifications = MadeNotifications(dialect);
        var counts = new InstanceCounts(database);
        texts.Add(counts.WaitingText(2));
        var outputs = new OutputSql(dialect);
        foreach (var pieces in (int[])[1, 2, 5, 64])
        {
            _ = outputs.Publish(OutputSql.SizeFor(pieces));
        }

        var guards = new LaunchGuardSql(dialect);
        var searches = new RunSearchSql(dialect);
        texts.AddRange(searches.Texts(EveryFilter));
        var executions = new ExecutionHistory(database);
        texts.AddRange(executions.Texts(EveryExecution));
        var definitions = new DefinitionListSql(dialect);
        for (var which = 0; which < 128; which++)
        {
            _ = definitions.Statements(Definitions(which));
        }

        made.AddRange([
            locks, keeps, metadata, notifications, outputs, guards, searches, executions, definitions, counts,
            new SubscriptionRows(dialect),
            new TokenStore(database, null!, clock),
            new BackendStateStore(database, null!, clock),
            new MemberStore(database, null!),
            new RunVersions(database),
            new NotificationStore(database, null!, metadata),
            new DatabaseClock(database, metadata, clock, NullLogger<DatabaseClock>.Instance),
            new RunFileStore(database, null!, clock, null!, new RunFileLimits(1)),
            new ContentSql(dialect),
            new DefinitionStore(database, null!),
            new DefinitionStandings(dialect, guards),
            new ScheduleSql(dialect),
            new ScheduleStore(database, null!),
        ]);
        made.ForEach(Touch);

        Assert.Empty(Makers().Except(made.Select(m => m.GetType())).Select(t => t.FullName));
        Assert.All(texts, AssertParses);
        Assert.Contains(texts, t => t.Contains("definitions", StringComparison.Ordinal));
        Assert.Contains(texts, t => t.Contains("schedule_ticks", StringComparison.Ordinal));
    }

    [Fact]
    public void Labels_WhateverTheirLength_FitTheIndexAndStayApart()
    {
        var dialect = new SqlServerDialect("Server=localhost;Database=x", TimeSpan.FromSeconds(5));
        using var context = SqlServerAscobDbContext.Factory.Create("Server=localhost;Database=x");
        var table = context.Model.FindEntityType(typeof(RunLabelTable))!;
        var longest = new string('v', JobSpecLimits.LabelValue - 1);
        string[] values =
        [
            string.Empty, " ", "a", "a ", "a|", "#" + new string('0', 64), .. Enumerable.Range(270, 20).Select(n => new string('v', n)),
            longest, longest + "v", longest + " ", longest + "|", new string('\u20ac', 280), string.Concat(Enumerable.Repeat("\U0001F600", 140)),
        ];

        var stored = values.Select(dialect.EncodeLabelValue).ToList();

        Assert.True(dialect.EncodeKey(new string('k', JobSpecLimits.LabelKey)).Length <= table.FindProperty(nameof(RunLabelTable.LabelKey))!.GetMaxLength());
        Assert.All(stored, s => Assert.True(s.Length <= table.FindProperty(nameof(RunLabelTable.LabelValue))!.GetMaxLength(), s));
        Assert.True((2 * (RunLabelTable.LongestKey + RunLabelTable.LongestValue)) + sizeof(long) <= 900, "An index key of SQL Server has 900 bytes at most.");

        // SQL Server passes over spaces at the end when it compares.
        Assert.Equal(values.Length, stored.Select(s => s.TrimEnd(' ')).Distinct(StringComparer.Ordinal).Count());
    }

    [Theory]
    [InlineData("Sqlite")]
    [InlineData("PostgreSql")]
    [InlineData("SqlServer")]
    public void Model_WhenComparedWithMigrations_HasNoPendingChange(string provider)
    {
        using AscobDbContext context = provider switch
        {
            "Sqlite" => SqliteAscobDbContext.Factory.Create("Data Source=:memory:"),
            "PostgreSql" => PostgreSqlAscobDbContext.Factory.Create("Host=localhost"),
            _ => SqlServerAscobDbContext.Factory.Create("Server=localhost"),
        };

        Assert.False(context.Database.HasPendingModelChanges());
    }

    private static RunSearch EveryFilter => new()
    {
        Submitters = ["a", "b"],
        Statuses = [RunStatus.Failed, RunStatus.Running],
        Labels = [new("env", "prod"), new("team", "x")],
        BackendId = "dummy",
        ParentId = 3,
        DefinedAfter = DateTimeOffset.UnixEpoch,
        DefinedBefore = DateTimeOffset.MaxValue,
        Text = "50%_[x]",
        BeforeId = 100,
    };

    private static ExecutionSearch EveryExecution => new()
    {
        From = DateTimeOffset.MinValue,
        To = DateTimeOffset.MaxValue,
        BackendId = "b",
        Host = "h",
        Queue = "q",
        Submitters = ["s"],
        After = new ExecutionPlace(DateTimeOffset.MinValue, 1),
    };

    private static DefinitionSearch Definitions(int which) => new()
    {
        Text = (which & 1) > 0 ? "50%_[x]" : null,
        Tags = (which & 2) > 0 ? ["a", "b"] : [],
        Owner = (which & 4) > 0 ? "ann" : null,
        Source = (which & 8) > 0 ? "repository" : null,
        Submitters = (which & 16) > 0 ? ["a", "b"] : (which & 1) > 0 ? [] : null,
        StarredBy = (which & 32) > 0 ? "t" : null,
        AfterName = (which & 64) > 0 ? "n" : null,
    };

    private static SqlServerRunSql MadeRuns(SqlServerDialect dialect)
    {
        var runs = new SqlServerRunSql(dialect);
        _ = runs.NextDue(true, 2);
        _ = runs.NextDue(false, 0);
        _ = runs.ClaimDue(3, true, 2, 0);
        _ = runs.ClaimDue(1, false, 0, 2);
        _ = runs.ClaimInLine(0);
        _ = runs.ClaimInLine(2);
        _ = runs.ActiveAt(2);
        foreach (var table in (string[])["run_labels", "run_events", "idempotency_keys", "lock_requests", "runs"])
        {
            _ = runs.DeleteFrom(table, 3);
        }

        for (var parts = 0; parts < 32; parts++)
        {
            _ = runs.Add((AddParts)parts);
            _ = runs.Apply((ApplyParts)parts);
        }

        return runs;
    }

    private static NotificationSql MadeNotifications(SqlServerDialect dialect)
    {
        var notifications = new NotificationSql(dialect);
        for (var which = 0; which < 16; which++)
        {
            _ = notifications.List((which & 1) > 0, (which & 2) > 0, (which & 4) > 0, (which & 8) > 0);
            _ = notifications.Replay((which & 1) > 0, (which & 2) > 0);
            _ = notifications.Drop((which & 1) > 0, (which & 2) > 0);
        }

        return notifications;
    }

    /// <summary>The classes that make statements for a SQL Server: a new one is to be made above too.</summary>
    private static IEnumerable<Type> Makers()
    {
        // Those of other databases, and those that carry out the statements of others.
        Type[] none = [typeof(SqliteRunSql), typeof(PostgreSqlRunSql), typeof(RunSql), typeof(DbSession), typeof(DriverParameters), typeof(SqliteWriter), typeof(BatchWriter), typeof(SqliteCheckpointer)];
        return typeof(SqlStatement).Assembly.GetTypes().Where(t =>
            t is { IsClass: true, IsAbstract: false }
            && !none.Contains(t)
            && t.GetConstructors(Everything).Any(c => c.GetParameters().Any(p => p.ParameterType == typeof(Database) || typeof(SqlDialect).IsAssignableFrom(p.ParameterType)))
            && t.GetFields(Everything).Any(f => IsOfStatements(f.FieldType)));
    }

    private const BindingFlags Everything = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    private static bool IsOfStatements(Type type) =>
        type == typeof(SqlStatement) || type.GetElementType() == typeof(SqlStatement) || (type.IsGenericType && type.GetGenericArguments().Any(IsOfStatements));

    private static void Touch(object statements)
    {
        foreach (var property in statements.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(p => p.PropertyType == typeof(SqlStatement)))
        {
            _ = property.GetValue(statements);
        }
    }

    private static void AssertParses(string text)
    {
        using var reader = new StringReader(text);
        new TSql160Parser(initialQuotedIdentifiers: true).Parse(reader, out var errors);
        Assert.True(errors.Count == 0, $"{string.Join("; ", errors.Select(e => $"{e.Line}:{e.Column} {e.Message}"))}\n{text}");
    }
}
