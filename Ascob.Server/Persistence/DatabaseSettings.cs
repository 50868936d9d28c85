using Microsoft.Data.Sqlite;

namespace Ascob.Server.Persistence;

/// <summary>The database options with nothing left open.</summary>
internal sealed record DatabaseSettings(DatabaseProvider Provider, string ConnectionString, TimeSpan LongestWait, TimeSpan StartWait, string DataDirectory)
{
    public static DatabaseSettings From(DatabaseOptions options, string dataDirectory)
    {
        if (options.Provider != DatabaseProvider.Sqlite)
        {
            return string.IsNullOrWhiteSpace(options.ConnectionString)
                ? throw new InvalidOperationException($"Ascob:Database:ConnectionString is missing; the provider {options.Provider} needs it.")
                : new DatabaseSettings(options.Provider, options.ConnectionString, options.LongestWait, options.StartWait, dataDirectory);
        }

        var sqlite = new SqliteConnectionStringBuilder(options.ConnectionString);
        if (sqlite.DataSource.Length == 0)
        {
            sqlite.DataSource = Path.Combine(dataDirectory, "ascob.db");
        }

        sqlite.DefaultTimeout = Math.Max(1, (int)options.LongestWait.TotalSeconds);

        // Sessions are kept here, with their prepared statements.
        sqlite.Pooling = false;
        return new DatabaseSettings(options.Provider, sqlite.ConnectionString, options.LongestWait, options.StartWait, dataDirectory);
    }
}
