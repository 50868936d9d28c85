using Ascob.Core.Errors;

namespace Ascob.Core.Callbacks;

/// <summary>The use cases of a run's secret URL.</summary>
public sealed class CallbackService
{
    /// <summary>Takes a report; answers whether it changed anything. A conflict where the status could not follow.</summary>
    public Task<Result<bool>> AcceptAsync(string webhookId, CallbackReport report, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Opens an input file of the run.</summary>
    public Task<Result<Stream>> OpenFileAsync(string webhookId, string fileId, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Lets one execution of the job go ahead; a conflict (or false) for every other.</summary>
    public Task<Result<bool>> ClaimAsync(string webhookId, string executionId, CancellationToken cancellationToken) => throw new NotSupportedException();
}
