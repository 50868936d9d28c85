using Ascob.Core.Errors;
using Ascob.Core.Files;

namespace Ascob.Core.Runs;

/// <summary>Attaches files to runs that wait for their start.</summary>
public sealed class RunInputFiles(IRunFileStore files)
{
    /// <summary>Attaches a file to a run in <c>DEFINED</c>.</summary>
    public async Task<Result<RunFile>> SaveFileAsync(Run run, string name, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (run.Status != RunStatus.Defined)
        {
            // Said before the content is read; the store says it again when all of it is there.
            return new Error(ErrorKind.Conflict, "run.not_defined", $"Run {run.Id} is {run.Status.ToWire()}; files are attached in DEFINED only.");
        }

        if (RunFileNames.Problem(name) is { } problem)
        {
            return Error.Invalid("fileId", problem);
        }

        var staged = await files.StageAsync(name, content, cancellationToken).ConfigureAwait(false);
        return staged.IsSuccess ? await files.AttachAsync(run.Id, staged.Value, cancellationToken).ConfigureAwait(false) : staged.Error;
    }
}
