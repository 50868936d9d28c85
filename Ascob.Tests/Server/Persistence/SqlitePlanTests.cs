using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Tests.Fixtures;
using Microsoft.Data.Sqlite;

namespace Ascob.Tests.Server.Persistence;

/// <summary>What the engine asks every second must cost as much as there are active runs, and not as much as there is history.</summary>
public sealed class SqlitePlanTests
{
    [Fact]
    public async Task WhatTheEngineAsks_WalksTheActiveRunsOnly()
    {
        await using var store = await TestStore.OpenAsync("Sqlite", null);
        await store.Runs.CountActiveAsync(TestContext.Current.CancellationToken);
        var sql = store.Get<RunSql>();
        SqlStatement[] asked =
        [
            sql.CountActive, sql.NextDue(ofBackend: true, 0), sql.NextDue(ofBackend: false, 2), sql.ClaimDue(2, ofBackend: true, 0, 0), sql.ClaimDue(2, ofBackend: false, 0, 0), sql.ClaimDue(4, ofBackend: false, 2, 2), sql.ReleaseLeases, sql.EndLeases,
        ];

        foreach (var statement in asked)
        {
            Assert.Contains("ix_runs_due", await PlanAsync(store, statement.Text), StringComparison.Ordinal);
        }

        Assert.Contains("ix_runs_defined", await PlanAsync(store, sql.FindEnded.Text), StringComparison.Ordinal);
    }

    private static async Task<string> PlanAsync(TestStore store, string text)
    {
        await using var connection = new SqliteConnection($"Data Source={Path.Combine(store.DataDirectory, "ascob.db")};Mode=ReadOnly");
        await connection.OpenAsync(TestContext.Current.CancellationToken);
        await using var command = connection.CreateCommand();
        command.CommandText = "EXPLAIN QUERY PLAN " + text;
        foreach (var name in System.Text.RegularExpressions.Regex.Matches(text, "@[a-z0-9_]+").Select(m => m.Value).Distinct())
        {
            command.Parameters.AddWithValue(name, 1);
        }

        var steps = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            steps.Add(reader.GetString(3));
        }

        return string.Join("; ", steps);
    }
}
