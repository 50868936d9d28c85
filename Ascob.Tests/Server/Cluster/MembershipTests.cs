using System.Text.Json.Nodes;
using Ascob.Core.Cluster;
using Ascob.Core.Errors;
using Ascob.Server;
using Ascob.Server.Cli;
using Ascob.Server.Configuration;
using Ascob.Server.Persistence.Cluster;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Ascob.Tests.Server.Cluster;

/// <summary>Who may be a member of a cluster, and how members come and go, with processes of their own.</summary>
public sealed class MembershipTests(PostgresFixture postgres, ConsulFixture consul)
{
    private const string Key = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
    private static readonly string[] Impatient = ["--Ascob:Engine:Heartbeat=00:00:00.300", "--Ascob:Engine:Lease=00:00:02", $"--Ascob:Security:EncryptionKey={Key}"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Copy_WhenItHasANameOfItsOwn_IsRefusedWithOneLineWhileTheOriginalIsThere()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, "one");
        await using var worker = RunningWorker.Start("w", database, Impatient);
        await UntilAsync(server, "w", "online");

        await using var copy = worker.OnCopy("v", database, Impatient);

        Assert.Equal(78, await copy.ExitAsync());
        Assert.Contains("is a copy of the one that worker 'w' uses on the same database", copy.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Copy_WhenItHasTheSameName_IsRefusedAndTheOriginalGoesOn()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, "one");
        await using var worker = RunningWorker.Start("w", database, Impatient);
        await UntilAsync(server, "w", "online");

        await using var copy = worker.OnCopy("w", database, Impatient);

        Assert.Equal(78, await copy.ExitAsync());
        Assert.Contains("is a copy of the one that worker 'w' uses on the same database", copy.Log(), StringComparison.Ordinal);
        Assert.False(worker.HasExited);
        await UntilAsync(server, "w", "online");
    }

    [Fact]
    public async Task Copy_OfAServersDirectory_IsRefusedUnderWhateverName()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, "one", "--Ascob:Backends:shell:Type=Shell");
        var copy = Directory.CreateTempSubdirectory("ascob-copy-").FullName;
        try
        {
            foreach (var file in (string[])["home.id", "home.life", Path.Combine("shell", "host.id")])
            {
                var target = Path.Combine(copy, file);
                PrivateDirectory.Create(Path.GetDirectoryName(target)!);
                File.Copy(Path.Combine(server.Directory, "data", file), target);
            }

            var refused = await Assert.ThrowsAnyAsync<Exception>(() => StartServerAsync(database, "two", "--Ascob:Backends:shell:Type=Shell", $"--Ascob:DataDirectory={copy}"));

            Assert.Contains("is a copy of the one that server 'one' uses on the same database", refused.Message, StringComparison.Ordinal);
        }
        finally
        {
            await TestDirectories.DeleteAsync(copy);
        }
    }

    [Fact]
    public async Task Copies_WhenTheyStartAtTheSameMoment_OneOfThemStays()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, "one");
        await using var image = RunningWorker.Start("image", database, Impatient);
        await UntilAsync(server, "image", "online");
        await image.TerminateAsync();

        await using var left = image.OnCopy("left", database, Impatient);
        await using var right = image.OnCopy("right", database, Impatient);

        await TestWorld.UntilAsync(() => left.HasExited || right.HasExited);
        var (gone, stays) = left.HasExited ? (left, "right") : (right, "left");
        Assert.Contains("is a copy of the one that worker '" + stays, gone.Log().Replace("\\u0027", "'", StringComparison.Ordinal), StringComparison.Ordinal);
        await UntilAsync(server, stays, "online");
    }

    [Fact]
    public async Task Worker_WhenItKeepsLocksElsewhereThanTheServers_IsRefusedWithOneLine()
    {
        var agent = await consul.SharedAsync();
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, "one", "--Ascob:Locks:Provider=Consul", $"--Ascob:Locks:Consul:Url={agent.Url}", $"--Ascob:Locks:Consul:KeyPrefix={consul.NewPrefix()}");

        await using var worker = RunningWorker.Start("w", database, Impatient);

        Assert.Equal(78, await worker.ExitAsync());
        Assert.Contains("Ascob:Locks:Provider: locks are in Database here, and in Consul below", worker.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Worker_WhenItWasKilledAndComesBackUnderAnotherName_IsLetInWhenItsOldNameHasGoneQuiet()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, "one");
        await using var worker = RunningWorker.Start("w", database, Impatient);
        await UntilAsync(server, "w", "online");
        await worker.KillAsync();

        await using var renamed = worker.NextLife("v", database, Impatient);

        await UntilAsync(server, "v", "online");
    }

    [Fact]
    public async Task Worker_WhenItIsToldToStopWhileItStarts_LeavesInOrder()
    {
        var database = await postgres.CreateDatabaseAsync();
        var directory = Directory.CreateTempSubdirectory("ascob-member-").FullName;
        try
        {
            using var worker = AscobWorker.Build(
                [
                    "--Ascob:Worker:Name=w", "--Ascob:Database:Provider=PostgreSql", $"--Ascob:Database:ConnectionString={database}", $"--Ascob:DataDirectory={directory}",
                    "--Ascob:Hangfire:Storage=Database", .. Impatient,
                ],
                builder => builder.Services.AddHostedService<StopsAtStart>());

            await worker.RunToEndAsync(Token);

            var member = Assert.Single(await worker.Services.GetRequiredService<IMemberStore>().ListAsync(Token));
            Assert.Equal(("w", MemberState.Stopped), (member.Name, member.State));
        }
        finally
        {
            await TestDirectories.DeleteAsync(directory);
        }
    }

    [Fact]
    public async Task Worker_WhenTheDatabaseGoesAwayWhileItStarts_WaitsForIt()
    {
        var database = await postgres.CreateDatabaseAsync();
        var directory = Directory.CreateTempSubdirectory("ascob-member-").FullName;
        try
        {
            using var worker = AscobWorker.Build(
                ["--Ascob:Worker:Name=w", "--Ascob:Database:Provider=PostgreSql", $"--Ascob:Database:ConnectionString={database}", $"--Ascob:DataDirectory={directory}", .. Impatient],
                builder =>
                {
                    builder.Services.Replace(ServiceDescriptor.Singleton<IMemberStore>(s => new AwayAtFirst(ActivatorUtilities.CreateInstance<MemberStore>(s))));
                    builder.Services.AddHostedService<StopsAtStart>();
                });

            await worker.RunToEndAsync(Token);

            var store = Assert.IsType<AwayAtFirst>(worker.Services.GetRequiredService<IMemberStore>());
            Assert.Equal(0, store.Left);
            Assert.Equal("w", Assert.Single(await store.ListAsync(Token)).Name);
        }
        finally
        {
            await TestDirectories.DeleteAsync(directory);
        }
    }

    [Fact]
    public async Task Servers_WhenAllStartTogetherAfterLocksWereMovedToConsul_AllAreLetIn()
    {
        var agent = await consul.SharedAsync();
        var database = await postgres.CreateDatabaseAsync();
        await using (var before = await StartServerAsync(database, "one"))
        {
            await before.KillAsync();
        }

        string[] moved = ["--Ascob:Locks:Provider=Consul", $"--Ascob:Locks:Consul:Url={agent.Url}", $"--Ascob:Locks:Consul:KeyPrefix={consul.NewPrefix()}"];
        var starts = ((string[])["two", "three", "four"]).Select(name => StartServerAsync(database, name, moved)).ToList();
        try
        {
            Assert.All(await Task.WhenAll(starts), s => Assert.False(s.HasExited));
        }
        finally
        {
            // Those that came up are there even where another one did not.
            foreach (var start in starts.Where(s => s.IsCompletedSuccessfully))
            {
                await (await start).DisposeAsync();
            }
        }
    }

    [Fact]
    public async Task Server_WhenOthersMovedTheLocksMeanwhile_StopsAndSaysWhy()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, "one");
        await using var connection = new Npgsql.NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = connection.CreateCommand();
        command.CommandText = "UPDATE metadata SET value = 'Consul below elsewhere' WHERE name = 'locks.provider'";
        Assert.Equal(1, await command.ExecuteNonQueryAsync(Token));

        await TestWorld.UntilAsync(() => server.HasExited);

        Assert.Contains("This process stops: Ascob:Locks:Provider: locks are in Database here, and in Consul below elsewhere", server.Log(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_WhenItHasBeenGoneForLong_IsNoLongerListed()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, "one");
        await using var connection = new Npgsql.NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = connection.CreateCommand();
        command.CommandText = """
            INSERT INTO members (name, kind, instance, home, state, labels, running, places, version, started_at, last_seen_at)
            SELECT n, 'Server', n || ':1', n, 'Online', '{}', 0, '[]', '1', last_seen_at, last_seen_at - age FROM members, (VALUES ('old', 8 * 86400000000), ('away', 3600000000)) AS x(n, age)
            """;
        await command.ExecuteNonQueryAsync(Token);

        await TestWorld.UntilAsync(async () => (await NamesAsync(server)).SequenceEqual(["away", "one"]));
    }

    [Fact]
    public async Task Members_WhenANewerVersionWroteWhatThisOneDoesNotKnow_AreStillRead()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var server = await StartServerAsync(database, "one");
        await using var connection = new Npgsql.NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = connection.CreateCommand();
        command.CommandText = """
            INSERT INTO members (name, kind, instance, home, state, labels, running, places, version, started_at, last_seen_at)
            SELECT 'newer', 'Scheduler', 'newer:1', 'h', 'Resting', 'no json', 0, '{"a":1}', '9', last_seen_at, last_seen_at FROM members
            """;
        await command.ExecuteNonQueryAsync(Token);

        await TestWorld.UntilAsync(async () => (await NamesAsync(server)).SequenceEqual(["newer", "one"]));
    }

    private static Task<RunningServer> StartServerAsync(string database, string name, params string[] more) => RunningServer.StartAsync(
        [
            "--Ascob:Database:Provider=PostgreSql", $"--Ascob:Database:ConnectionString={database}", "--Ascob:Hangfire:Storage=Database", $"--Ascob:ServerName={name}",
            "--Ascob:Backends:dummy:Type=Dummy", .. Impatient, .. more,
        ]);

    private static async Task<IEnumerable<string?>> NamesAsync(RunningServer server)
    {
        using var client = server.Client();
        return JsonNode.Parse(await client.GetStringAsync("/api/servers", Token))!["items"]!.AsArray().Select(s => (string?)s!["name"]);
    }

    private static async Task UntilAsync(RunningServer server, string worker, string state)
    {
        using var client = server.Client();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Token);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while (!JsonNode.Parse(await client.GetStringAsync("/api/workers", Token))!["items"]!.AsArray().Any(w => (string?)w!["name"] == worker && (string?)w["state"] == state))
        {
            await Task.Delay(50, limit.Token);
        }
    }

    private sealed class StopsAtStart(IHostApplicationLifetime lifetime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken)
        {
            lifetime.StopApplication();
            cancellationToken.ThrowIfCancellationRequested();
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Refuses the first look at the members and the first registration, as a database does that is being restarted.</summary>
    private sealed class AwayAtFirst(IMemberStore inner) : IMemberStore
    {
        private bool _looked;
        private bool _registered;

        public int Left => (_looked ? 0 : 1) + (_registered ? 0 : 1);

        public Task<Registration> RegisterAsync(Member member, DateTimeOffset awayBefore, CancellationToken cancellationToken) =>
            Refuses(ref _registered) ? throw Away() : inner.RegisterAsync(member, awayBefore, cancellationToken);

        public Task<bool> BeatAsync(Member member, CancellationToken cancellationToken) => inner.BeatAsync(member, cancellationToken);

        public Task<IReadOnlyList<Member>> ListAsync(CancellationToken cancellationToken) => Refuses(ref _looked) ? throw Away() : inner.ListAsync(cancellationToken);

        public Task<bool> ForgetAsync(string name, string instance, CancellationToken cancellationToken) => inner.ForgetAsync(name, instance, cancellationToken);

        private static bool Refuses(ref bool refused) => !Interlocked.Exchange(ref refused, true);

        private static StoreUnavailableException Away() => new("The database cannot answer now.", null);
    }
}
