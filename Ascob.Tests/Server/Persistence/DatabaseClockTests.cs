using Ascob.Core.Timing;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Timing;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

namespace Ascob.Tests.Server.Persistence;

/// <summary>A PostgreSQL whose clock the test sets, by a function of the same name that is found before the built-in one.</summary>
public sealed class DatabaseClockTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly TimeSpan Near = TimeSpan.FromMilliseconds(250);

    private string _database = null!;
    private TestStore _store = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        var plain = await postgres.CreateDatabaseAsync();
        await ExecuteAsync(
            plain,
            """
            CREATE SCHEMA shifted;
            CREATE TABLE shifted.shift (by interval NOT NULL);
            INSERT INTO shifted.shift VALUES ('0');
            CREATE FUNCTION shifted.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS 'SELECT pg_catalog.clock_timestamp() + by FROM shifted.shift';
            """);
        _database = new NpgsqlConnectionStringBuilder(plain) { SearchPath = "public,shifted,pg_catalog" }.ConnectionString;
        _store = await TestStore.OpenAsync("PostgreSql", _database);
    }

    public async ValueTask DisposeAsync()
    {
        if (_store is not null)
        {
            await _store.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("7 minutes")]
    [InlineData("-7 minutes")]
    public async Task Start_ShowsTheDatabasesTimeInEitherDirection(string shift)
    {
        await ShiftAsync(shift);
        var server = Member();

        await server.Clock.StartAsync(Token);

        await AssertShowsDatabaseTimeAsync(server);
    }

    [Fact]
    public async Task Follow_WhenTheDatabaseHasAnotherClockAhead_StepsForwardAtOnce()
    {
        var server = Member();
        await server.Clock.StartAsync(Token);
        await ShiftAsync("1 hour");

        await server.Clock.FollowAsync(Token);

        await AssertShowsDatabaseTimeAsync(server);
    }

    [Fact]
    public async Task Follow_WhenTheDatabasesClockIsSetBack_TimeGoesOnForThisServerAndForOnesThatStartNow()
    {
        var (first, second) = (Member(), Member());
        await first.Clock.StartAsync(Token);
        await second.Clock.StartAsync(Token);
        var before = first.Time.Now;
        await ShiftAsync("-1 hour");

        await Task.WhenAll(first.Clock.FollowAsync(Token), second.Clock.FollowAsync(Token));
        var third = Member();
        await third.Clock.StartAsync(Token);

        foreach (var server in (Server[])[first, second, third])
        {
            Assert.InRange(server.Time.Now - before, TimeSpan.Zero, TimeSpan.FromSeconds(5));
            AssertNear(first.Time.Now, server.Time.Now);
        }
    }

    [Fact]
    public async Task Follow_WhenTheDatabasesClockIsSetRightAgain_TheLeadIsTakenOffAndNothingJumps()
    {
        var server = Member();
        await server.Clock.StartAsync(Token);
        var before = server.Time.Now;
        await ShiftAsync("-1 hour");
        await server.Clock.FollowAsync(Token);

        await ShiftAsync("0");
        await server.Clock.FollowAsync(Token);
        var fresh = Member();
        await fresh.Clock.StartAsync(Token);

        Assert.InRange(server.Time.Now - before, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        await AssertShowsDatabaseTimeAsync(server);
        await AssertShowsDatabaseTimeAsync(fresh);
    }

    [Fact]
    public void Lead_MeltsByAHundredthOfTheTimeAndNeverGrows()
    {
        var since = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var lead = ClockLead.Parse(new ClockLead(TimeSpan.FromMinutes(6), since).ToString())!;

        Assert.Equal(TimeSpan.FromMinutes(6), lead.At(since));
        Assert.Equal(TimeSpan.FromMinutes(6), lead.At(since.AddDays(-1)));
        Assert.Equal(TimeSpan.FromMinutes(3), lead.At(since.AddHours(5)));
        Assert.Equal(TimeSpan.Zero, lead.At(since.AddHours(11)));
        Assert.Null(ClockLead.Parse("nonsense"));
    }

    private Server Member()
    {
        var time = new MonotonicClock(TimeProvider.System);
        return new Server(new DatabaseClock(_store.Get<Database>(), _store.Get<Metadata>(), time, NullLogger<DatabaseClock>.Instance), time);
    }

    // The database's answer lies between two looks at the clock, however long it took.
    private async Task AssertShowsDatabaseTimeAsync(Server server)
    {
        var before = server.Time.Now;
        var now = await DatabaseNowAsync();
        Assert.InRange(now, before - Near, server.Time.Now + Near);
    }

    private static void AssertNear(DateTimeOffset expected, DateTimeOffset actual) => Assert.InRange((actual - expected).Duration(), TimeSpan.Zero, Near);

    private Task ShiftAsync(string by) => ExecuteAsync(_database, $"UPDATE shifted.shift SET by = '{by}'");

    private async Task<DateTimeOffset> DatabaseNowAsync()
    {
        await using var connection = new NpgsqlConnection(_database);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand("SELECT clock_timestamp()", connection);
        return new DateTimeOffset((DateTime)(await command.ExecuteScalarAsync(Token))!, TimeSpan.Zero);
    }

    private static async Task ExecuteAsync(string database, string text)
    {
        await using var connection = new NpgsqlConnection(database);
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(text, connection);
        await command.ExecuteNonQueryAsync(Token);
    }

    private sealed record Server(DatabaseClock Clock, MonotonicClock Time);
}
