using System.Reflection;
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
        var dialect = new SqlServerDialect("Server=localhost;Database=x", TimeSpan.FromSeconds(5)) { OnStatement = texts.Add };
        var runs = new SqlServerRunSql(dialect);
        Touch(runs);
        _ = runs.NextDue(true, 2);
        _ = runs.NextDue(false, 0);
        _ = runs.ClaimDue(3, true, 2, 0);
        _ = runs.ClaimDue(1, false, 0, 2);
        foreach (var table in (string[])["run_labels", "run_events", "idempotency_keys", "lock_requests", "runs"])
        {
            _ = runs.DeleteFrom(table, 3);
        }

        for (var parts = 0; parts < 32; parts++)
        {
            _ = runs.Add((AddParts)parts);
        }

        for (var parts = 0; parts < 32; parts++)
        {
            _ = runs.Apply((ApplyParts)parts);
        }

        var locks = new LockSql(dialect);
        Touch(locks);
        _ = locks.Requests(3);
        await using var database = new Database(dialect, TimeSpan.FromSeconds(1));
        var clock = new MonotonicClock(TimeProvider.System);
        _ = new TokenStore(database, null!, clock);
        _ = new BackendStateStore(database, null!, clock);
        _ = new MemberStore(database, null!);
        var notifications = new NotificationSql(dialect);
        Touch(notifications);
        for (var which = 0; which < 16; which++)
        {
            _ = notifications.List((which & 1) > 0, (which & 2) > 0, (which & 4) > 0, (which & 8) > 0);
            _ = notifications.Replay((which & 1) > 0, (which & 2) > 0);
            _ = notifications.Drop((which & 1) > 0, (which & 2) > 0);
        }

        _ = new RunVersions(database);
        var metadata = new Metadata(database, null!);
        _ = new NotificationStore(database, null!, metadata);
        _ = new DefinitionStore(database, null!);
        _ = new ScheduleStore(database, null!);
        texts.Add(new InstanceCounts(database).WaitingText(2));
        _ = new DatabaseClock(database, metadata, clock, NullLogger<DatabaseClock>.Instance);
        _ = new RunFileStore(database, null!, clock, null!, new RunFileLimits(1));
        _ = new ContentSql(dialect);
        var outputs = new OutputSql(dialect);
        Touch(outputs);
        foreach (var pieces in (int[])[1, 2, 5, 64])
        {
            _ = outputs.Publish(OutputSql.SizeFor(pieces));
        }

        _ = runs.ActiveAt(2);
        texts.AddRange(new RunSearchSql(dialect).Texts(EveryFilter));
        var executions = new ExecutionSearch
        {
            From = DateTimeOffset.MinValue,
            To = DateTimeOffset.MaxValue,
            BackendId = "b",
            Host = "h",
            Queue = "q",
            Submitters = ["s"],
            After = new ExecutionPlace(DateTimeOffset.MinValue, 1),
        };
        texts.AddRange(new ExecutionHistory(database).Texts(executions));

        Assert.True(texts.Count > 80);
        Assert.All(texts, AssertParses);
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
