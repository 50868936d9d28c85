using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Access;
using Ascob.Core.Runs;

namespace Ascob.Core.Callbacks;

/// <summary>
/// Makes and checks the secret in a run's callback URL. It is derived from the run's random marker id with a key of the server, so it is not stored, is the
/// same after every restart, and cannot be guessed from the run's number. Each attempt has its own, so that what an earlier one still says is not taken for the present one.
/// </summary>
public sealed class CallbackIds(ISecretProtector protector)
{
    /// <summary>Answers the callback id of an attempt of a run: <c>&lt;run id&gt;-&lt;secret&gt;</c>.</summary>
    public string For(long runId, string markerId, int attempt = 1) =>
        string.Create(CultureInfo.InvariantCulture, $"{runId}-{protector.Derive("callback", attempt <= 1 ? markerId : $"{markerId}-{attempt}")}");

    /// <summary>Reads the run id out of a callback id; false where it has not the form of one.</summary>
    public static bool TryReadRunId(string callbackId, out long runId)
    {
        ArgumentNullException.ThrowIfNull(callbackId);
        runId = 0;
        var dash = callbackId.IndexOf('-', StringComparison.Ordinal);
        return dash is > 0 and < 20
            && callbackId.Length <= 100
            && long.TryParse(callbackId.AsSpan(0, dash), NumberStyles.None, CultureInfo.InvariantCulture, out runId);
    }

    /// <summary>Answers which attempt of the run the id belongs to; null for none. Compares with all of them, each in constant time.</summary>
    public int? AttemptOf(string callbackId, Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        var told = SHA256.HashData(Encoding.UTF8.GetBytes(callbackId));
        int? found = null;
        for (var attempt = 1; attempt <= Math.Max(1, run.Attempt); attempt++)
        {
            if (CryptographicOperations.FixedTimeEquals(told, SHA256.HashData(Encoding.UTF8.GetBytes(For(run.Id, run.MarkerId, attempt)))))
            {
                found = attempt;
            }
        }

        return found;
    }
}
