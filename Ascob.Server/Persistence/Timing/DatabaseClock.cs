using Ascob.Core.Timing;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Timing;

/// <summary>
/// Keeps this server's <see cref="MonotonicClock"/> on the database's time, which is the one clock that all servers of a shared database have. Asked at the start and now and then, never for a
/// request. See <c>docs/decisions/0012-database-time.md</c>.
/// </summary>
internal sealed class DatabaseClock(Database database, Metadata metadata, MonotonicClock clock, ILogger<DatabaseClock> logger)
{
    private const int Samples = 5;
    private const int MostTries = 10;

    // A network that is slower than this tells too little of the time.
    private static readonly TimeSpan SlowestAnswer = TimeSpan.FromSeconds(1);

    private readonly SqlStatement _ask = database.Dialect.Statement(
        (database.Dialect.Provider == DatabaseProvider.SqlServer
            ? "SELECT DATEDIFF_BIG(MICROSECOND, '1970-01-01', SYSUTCDATETIME()), "
            : "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint, ")
        + "(SELECT value FROM metadata WHERE name = @name)");

    /// <summary>Gets whether the database is one that servers share, so that its clock counts.</summary>
    public bool Counts => database.Dialect.Provider != DatabaseProvider.Sqlite;

    /// <summary>Sets the clock before anybody counts with it.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!Counts)
        {
            return;
        }

        var sample = await MeasureAsync(cancellationToken);
        var behind = clock.BehindOf(sample.Timestamp, sample.Time);
        clock.Start(sample.Timestamp, sample.Time);
        if (behind.Duration() > MonotonicClock.LargestSlew)
        {
            logger.LogWarning("The clock of this machine is {Seconds:0.0} s {Direction} the database's, whose time counts", behind.Duration().TotalSeconds, behind > TimeSpan.Zero ? "behind" : "ahead of");
        }
    }

    /// <summary>Measures once and corrects the clock by what was found.</summary>
    public async Task FollowAsync(CancellationToken cancellationToken)
    {
        if (!Counts)
        {
            return;
        }

        for (var tries = 0; tries < MostTries; tries++)
        {
            var sample = await MeasureAsync(cancellationToken);
            if (sample.RoundTrip > SlowestAnswer)
            {
                return;
            }

            var behind = clock.BehindOf(sample.Timestamp, sample.Time);
            if (await SettleStepAsync(sample, behind, cancellationToken))
            {
                // The lead was changed, here or by another server: measured again, there is nothing left to correct.
                continue;
            }

            clock.Correct(sample.Timestamp, sample.Time);
            if (behind > MonotonicClock.LargestSlew)
            {
                logger.LogWarning("The database's clock went {Seconds:0.0} s forward; this server follows it at once", behind.TotalSeconds);
            }

            return;
        }
    }

    // When the database's clock is set back, the time of the servers goes on: else the leases of a server that starts now would be over for all others. What it is ahead by then is
    // noted for all of them, and taken off again when the clock is set forward. Answers whether it has to be measured again.
    private async Task<bool> SettleStepAsync(Sample sample, TimeSpan behind, CancellationToken cancellationToken)
    {
        var lead = sample.Lead?.At(sample.DatabaseTime) ?? TimeSpan.Zero;
        TimeSpan wanted;
        if (behind < -MonotonicClock.LargestSlew)
        {
            wanted = lead - behind;
        }
        else if (behind > MonotonicClock.LargestSlew && lead > MonotonicClock.LargestSlew)
        {
            wanted = lead > behind ? lead - behind : TimeSpan.Zero;
        }
        else
        {
            return false;
        }

        if (await metadata.TryReplaceAsync(ClockLead.Name, sample.Stored, new ClockLead(wanted, sample.DatabaseTime).ToString(), cancellationToken))
        {
            logger.LogWarning(
                "The database's clock was set {Direction} by {Seconds:0.0} s; the time of all servers goes on and is now {Lead:0.0} s ahead of it",
                behind < TimeSpan.Zero ? "back" : "forward", behind.Duration().TotalSeconds, wanted.TotalSeconds);
        }

        return true;
    }

    /// <summary>Asks a few times; the quickest answer says best what time it is.</summary>
    private async Task<Sample> MeasureAsync(CancellationToken cancellationToken) => await database.ReadAsync(
        async session =>
        {
            Sample? best = null;
            for (var i = 0; i < Samples; i++)
            {
                var command = session.Command(_ask);
                command.Args.Text("name", ClockLead.Name);
                var asked = clock.Time.GetTimestamp();
                var (database, stored) = await command.FirstAsync(row => (UtcMicroseconds.To(row.GetInt64(0)), row.IsDBNull(1) ? null : row.GetString(1)), cancellationToken);
                var roundTrip = clock.Time.GetElapsedTime(asked);
                if (best is null || roundTrip < best.RoundTrip)
                {
                    best = new Sample(asked, roundTrip, database, stored);
                }
            }

            return best!;
        },
        cancellationToken);

    private sealed record Sample(long Timestamp, TimeSpan RoundTrip, DateTimeOffset DatabaseTime, string? Stored)
    {
        public ClockLead? Lead { get; } = ClockLead.Parse(Stored);

        /// <summary>Gets the time of all servers at the timestamp. The database looked at its clock half way between question and answer, as far as can be known.</summary>
        public DateTimeOffset Time => DatabaseTime + (Lead?.At(DatabaseTime) ?? TimeSpan.Zero) - (RoundTrip / 2);
    }
}
