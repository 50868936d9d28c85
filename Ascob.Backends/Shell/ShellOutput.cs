using Ascob.Backends.Shell.Host;
using Ascob.Backends.Shell.Link;
using Ascob.Core.Output;

namespace Ascob.Backends.Shell;

/// <summary>Reads the output of shell jobs from their directories.</summary>
internal static class ShellOutput
{
    /// <summary>Reads what is there, and says whether it is all there will be.</summary>
    /// <param name="directory">The job's directory.</param>
    /// <param name="report">The job's state, asked for before: what is read after the end of the job is all there is.</param>
    /// <param name="channel">The stream.</param>
    /// <param name="offset">Where to begin.</param>
    /// <param name="maxBytes">At most so much.</param>
    public static OutputChunk Read(string directory, JobReport report, OutputChannel channel, long offset, int maxBytes)
    {
        if (report.Quiet)
        {
            return new OutputChunk(ReadOnlyMemory<byte>.Empty, offset, Complete: true);
        }

        var piece = CappedLogReader.Read(directory, NameOf(channel), offset, maxBytes);
        if (report.State != HostJobState.Running && !Directory.Exists(directory))
        {
            // Cleaned up meanwhile: what was read may be a part only and must not pass for all there was.
            throw new DirectoryNotFoundException("The output of this job is no longer here.");
        }

        return new OutputChunk(piece.Data, piece.NextOffset, piece.AtEnd && report.State != HostJobState.Running, piece.Dropped);
    }

    /// <summary>Reads what is there now; whether that is all is not said.</summary>
    public static OutputChunk ReadNew(string directory, OutputChannel channel, long offset, int maxBytes)
    {
        var piece = CappedLogReader.Read(directory, NameOf(channel), offset, maxBytes);
        return new OutputChunk(piece.Data, piece.NextOffset, Complete: false, piece.Dropped);
    }

    private static string NameOf(OutputChannel channel) => channel switch
    {
        OutputChannel.Combined => JobOutput.Combined,
        OutputChannel.Stdout => JobOutput.Stdout,
        OutputChannel.Stderr => JobOutput.Stderr,
    };
}
