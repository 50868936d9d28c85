using System.Diagnostics.CodeAnalysis;
using System.Security;

namespace Ascob.Core.Schedules;

/// <summary>Time zones by their IANA names, from the machine's time zone data.</summary>
public static class TimeZones
{
    private const int LongestName = 100;

    /// <summary>Finds a zone; null stands for UTC.</summary>
    public static bool TryFind(string? name, [NotNullWhen(true)] out TimeZoneInfo? zone)
    {
        zone = name is null or "UTC" ? TimeZoneInfo.Utc : null;
        if (zone is not null)
        {
            return true;
        }

        if (name!.Length is 0 or > LongestName || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+') || name.StartsWith('/'))
        {
            return false;
        }

        try
        {
            zone = TimeZoneInfo.FindSystemTimeZoneById(name);
            return true;
        }
        catch (Exception e) when (e is TimeZoneNotFoundException or InvalidTimeZoneException or SecurityException or UnauthorizedAccessException or IOException)
        {
            return false;
        }
    }

    /// <summary>Finds a zone that was checked when it was saved.</summary>
    public static TimeZoneInfo Get(string? name) =>
        TryFind(name, out var zone) ? zone : throw new TimeZoneNotFoundException($"The time zone '{name}' is not in the time zone data of this machine.");
}
