using System.Globalization;

namespace Ascob.Server.Persistence.Timing;

/// <summary>
/// By how much the time of all servers is ahead of the database's clock, because that clock was set back while they ran. It melts away by a hundredth of the time that passes, alike for every
/// server, because it is a function of what is stored and of the database's clock alone.
/// </summary>
/// <param name="Amount">The lead when it was stored.</param>
/// <param name="Since">The database's clock then.</param>
internal sealed record ClockLead(TimeSpan Amount, DateTimeOffset Since)
{
    public const string Name = "clock_lead";

    private const int MeltsBy = 100;

    public TimeSpan At(DateTimeOffset databaseTime)
    {
        var left = Amount - ((databaseTime - Since) / MeltsBy);
        return left < TimeSpan.Zero ? TimeSpan.Zero : left > Amount ? Amount : left;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Amount.Ticks / TimeSpan.TicksPerMicrosecond} {(Since - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}");

    public static ClockLead? Parse(string? stored)
    {
        if (stored?.Split(' ') is [var amount, var since]
            && long.TryParse(amount, NumberStyles.None, CultureInfo.InvariantCulture, out var a)
            && long.TryParse(since, NumberStyles.None, CultureInfo.InvariantCulture, out var s))
        {
            return new ClockLead(TimeSpan.FromMicroseconds(a), Sql.UtcMicroseconds.To(s));
        }

        return null;
    }
}
