namespace Ascob.Server.Persistence.Sql;

/// <summary>Times as they lie in every database: whole microseconds since 1970-01-01 UTC. See <c>docs/decisions/0007-times-as-microseconds.md</c>.</summary>
internal static class UtcMicroseconds
{
    public static long From(DateTimeOffset time) => (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset To(long microseconds) =>
        new(DateTimeOffset.UnixEpoch.UtcTicks + (microseconds * TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
