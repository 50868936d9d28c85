using Ascob.Server.Persistence.Contents;
using Ascob.Server.Persistence.Sql;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Server.Persistence.Contents;

/// <summary>Looks at contents below the store, and makes their marks old.</summary>
internal static class ContentTables
{
    public static readonly (string Key, string Value) InDatabase = ("Ascob:Contents:Store", "Database");

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<IReadOnlyList<string>> NamesAsync(TestStore store)
    {
        var names = await QueryAsync(store, "SELECT DISTINCT content_id FROM content_chunks", row => row.GetString(0));
        var marks = await QueryAsync(store, "SELECT content_id FROM staged_contents", row => row.GetString(0) + ".staged");
        return [.. names, .. marks];
    }

    public static Task AgeAsync(TestStore store) => QueryAsync(
        store, $"UPDATE staged_contents SET touched_at = touched_at - {(long)DatabaseContents.AbandonedAfter.TotalMicroseconds}", _ => 0);

    public static Task<List<T>> QueryAsync<T>(TestStore store, string text, Func<System.Data.Common.DbDataReader, T> row)
    {
        var database = store.Get<Database>();
        return database.ReadAsync(
            async session =>
            {
                await using var command = session.Connection.CreateCommand();
                command.CommandText = text;
                await using var reader = await command.ExecuteReaderAsync(Stop);
                var rows = new List<T>();
                while (await reader.ReadAsync(Stop))
                {
                    rows.Add(row(reader));
                }

                return rows;
            },
            Stop);
    }
}
