using Ascob.Core.Errors;
using Microsoft.Extensions.Logging;

namespace Ascob.Core.Monitoring;

/// <summary>Keeps a loop going whatever its work throws.</summary>
internal static class LoopGuard
{
    /// <summary>Does the work; what goes wrong is logged. Only a cancellation goes through.</summary>
    public static async Task RunAsync(ILogger logger, string what, Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (StoreUnavailableException e)
        {
            logger.LogWarning("{Work}: the store is not available: {Reason}", what, e.Message);
        }
#pragma warning disable CA1031 // What failed here is found again by the loops.
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            logger.LogError(e, "{Work} failed", what);
        }
    }
}
