using Ascob.Core.Errors;

namespace Ascob.Server.Persistence;

/// <summary>Lets the start wait for a database that goes away while it is under way, as it waits for one that is not up yet.</summary>
internal sealed class StartPatience(DatabaseSettings settings, TimeProvider time, ILogger<StartPatience> logger)
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Carries out a step of the start, from its beginning each time, until the database answers.</summary>
    /// <param name="step">What may be begun again.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreUnavailableException">It did not answer within <c>Ascob:Database:StartWait</c>.</exception>
    public async Task RunAsync(Func<CancellationToken, Task> step, CancellationToken cancellationToken)
    {
        var begun = time.GetTimestamp();
        while (true)
        {
            try
            {
                await step(cancellationToken);
                return;
            }
            catch (StoreUnavailableException e) when (time.GetElapsedTime(begun) < settings.StartWait)
            {
                logger.LogWarning("The start waits for the database: {Reason}", e.Message);
                await Task.Delay(Pause, time, cancellationToken);
            }
        }
    }
}
