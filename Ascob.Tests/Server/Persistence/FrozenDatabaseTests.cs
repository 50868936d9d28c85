using System.Data.Common;
using System.Net;
using System.Net.Sockets;
using Ascob.Core.Errors;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ascob.Tests.Server.Persistence;

/// <summary>A database that takes connections and then says nothing, and searches that would never end.</summary>
public sealed class FrozenDatabaseTests
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(1);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WriteAsync_WhenTheServerHangs_AllCallersAreToldSoon()
    {
        const int Changes = 60;
        using var frozen = new TcpListener(IPAddress.Loopback, 0);
        frozen.Start();
        var connections = 0;
        var accepting = Task.Run(
            async () =>
            {
                var taken = new List<TcpClient>();
                try
                {
                    while (true)
                    {
                        taken.Add(await frozen.AcceptTcpClientAsync(Stop));
                        Interlocked.Increment(ref connections);
                    }
                }
                catch (Exception e) when (e is SocketException or ObjectDisposedException)
                {
                    taken.ForEach(t => t.Dispose());
                }
            },
            Stop);
        await using var dialect = new PostgreSqlDialect($"Host=127.0.0.1;Port={((IPEndPoint)frozen.LocalEndpoint).Port};Username=a;Database=a", LongestWait);
        await using var writer = new BatchWriter(dialect, null, new DatabaseOptions { LongestWait = TimeSpan.FromMinutes(5) }, NullLogger<BatchWriter>.Instance);

        var answers = await Task.WhenAll(Enumerable.Range(0, Changes).Select(_ => Record.ExceptionAsync(() => writer.WriteAsync(new Select(), Stop)).AsTask()));

        Assert.All(answers, e => Assert.IsType<StoreUnavailableException>(e));
        frozen.Stop();
        await accepting;

        // Each try is a connection and a wait. With four tries for each change there were 240 of them, one after the other.
        Assert.InRange(Volatile.Read(ref connections), 1, Changes / 2);
    }

    [Fact]
    public async Task SearchAsync_WhenSqliteWouldWalkForEver_IsInterrupted()
    {
        var directory = Directory.CreateTempSubdirectory("ascob-search-");
        try
        {
            var dialect = new SqliteDialect($"Data Source={Path.Combine(directory.FullName, "a.db")};Pooling=False", LongestWait);
            await using var database = new Database(dialect, TimeSpan.FromMilliseconds(200));
            var endless = dialect.Statement("SELECT COUNT(*) FROM (WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c)");

            var refused = await Record.ExceptionAsync(() => database.SearchAsync(s => s.Command(endless).FirstAsync(r => r.GetInt64(0), Stop), Stop));

            Assert.Contains("takes too long", Assert.IsType<StoreUnavailableException>(refused).Message, StringComparison.Ordinal);
            Assert.Equal(7, await database.ReadAsync(s => s.Command(dialect.Statement("SELECT 7")).FirstAsync(r => r.GetInt64(0), Stop), Stop));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private sealed class Select : WriteOperation<bool>, IBatchedOperation
    {
        public void AddTo(DbBatch batch)
        {
            var command = batch.CreateBatchCommand();
            command.CommandText = "SELECT 1";
            batch.BatchCommands.Add(command);
        }

        public ValueTask ReadAsync(DbDataReader reader) => ValueTask.CompletedTask;

        public override ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
