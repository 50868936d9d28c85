using System.Globalization;
using System.Net;
using Ascob.Backends.Http;

namespace Ascob.Backends.PagerDuty;

/// <summary>
/// Obeys the rate limit, which all callers of one API key share: PagerDuty counts in <c>ratelimit-*</c> headers, whose reset is a number of seconds, and may refuse without any header. What is known here is lost with
/// the server without harm: the next refusal tells it again.
/// </summary>
internal sealed class PagerDutyPace(TimeProvider time)
{
    private static readonly TimeSpan WithoutWord = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private long _heldAt;
    private TimeSpan _hold;

    /// <summary>Answers how long no request may go out; null where one may.</summary>
    public TimeSpan? Wait()
    {
        lock (_gate)
        {
            var rest = _hold - time.GetElapsedTime(_heldAt);
            return _hold > TimeSpan.Zero && rest > TimeSpan.Zero ? rest : null;
        }
    }

    /// <summary>Reads what an answer says of the limit.</summary>
    public void Note(HttpResponseMessage answer)
    {
        var refused = answer.StatusCode == HttpStatusCode.TooManyRequests;
        var usedUp = Number(answer, "ratelimit-remaining") is <= 0;
        if (!refused && !usedUp)
        {
            return;
        }

        var reset = Number(answer, "ratelimit-reset") is { } seconds and > 0 ? TimeSpan.FromSeconds(Math.Min(seconds, Longest.TotalSeconds)) : (TimeSpan?)null;
        if ((HttpFault.RetryAfter(answer, time) ?? reset ?? (refused ? WithoutWord : null)) is { } pause)
        {
            Hold(pause > Longest ? Longest : pause);
        }
    }

    private void Hold(TimeSpan pause)
    {
        lock (_gate)
        {
            if (_hold - time.GetElapsedTime(_heldAt) < pause)
            {
                _heldAt = time.GetTimestamp();
                _hold = pause;
            }
        }
    }

    private static double? Number(HttpResponseMessage answer, string header) =>
        answer.Headers.TryGetValues(header, out var values) && double.TryParse(values.FirstOrDefault(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? value
            : null;
}
