using Ascob.Core.Access;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Core.Routing;

namespace Ascob.Core.Runs;

/// <summary>
/// The use cases of runs, for every door (HTTP, command line, console). Each checks that the caller may see the run (else "not found"); whether the caller holds the
/// permission is checked at the door.
/// </summary>
public sealed class JobService
{
    /// <summary>Validates, routes and stores a job, and sets it going after the commit. A refusal leaves nothing behind.</summary>
    public Task<Result<Submission>> SubmitAsync(SubmitRequest request, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Answers how a job would be routed; no side effect.</summary>
    public Task<Result<RoutingDecision>> ExplainAsync(JobSpec spec, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Reads a run.</summary>
    public Task<Result<Run>> GetAsync(long runId, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Reads a run, waiting until it is final or the time is over.</summary>
    public Task<Result<Run>> WaitAsync(long runId, TimeSpan longest, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Reads a page of the caller's runs.</summary>
    public Task<Result<RunPage>> SearchAsync(RunSearch search, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Releases a manual-start run; exactly one caller wins, others get a conflict.</summary>
    public Task<Result<Run>> StartAsync(long runId, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Asks for a stop; a conflict where the run is final or its backend cannot stop jobs.</summary>
    public Task<Result<Run>> StopAsync(long runId, bool force, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Submits the job of a run again as a new run in the same chain.</summary>
    public Task<Result<Submission>> ResubmitAsync(long runId, ResubmitOverrides overrides, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Asks the backend now, and answers the run as it is then.</summary>
    public Task<Result<Run>> RefreshAsync(long runId, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Takes a person's verdict on a run in doubt.</summary>
    public Task<Result<Run>> ResolveAsync(long runId, Resolution resolution, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Reads the timeline after a seq.</summary>
    public Task<Result<IReadOnlyList<RunEvent>>> EventsAsync(long runId, long afterSeq, int limit, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Streams the timeline after a seq until the run is final.</summary>
    public IAsyncEnumerable<RunEvent> FollowEventsAsync(long runId, long afterSeq, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Opens the output of a run; a conflict where it has none to offer (not submitted yet, backend without output).</summary>
    public Task<Result<OutputDocument>> OpenOutputAsync(long runId, OutputChannel channel, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Attaches an input file while the run is <c>DEFINED</c>.</summary>
    public Task<Result<RunFile>> SaveFileAsync(long runId, string fileId, Stream content, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();

    /// <summary>Lists the input files.</summary>
    public Task<Result<IReadOnlyList<RunFile>>> ListFilesAsync(long runId, Caller caller, CancellationToken cancellationToken) => throw new NotSupportedException();
}
