using Ascob.Core.Output;

namespace Ascob.Server.Persistence.Output;

/// <summary>The archive on a disk that several servers mount; what grows still lies in their database and is dropped with what takes its place.</summary>
internal sealed class SharedDiskOutputStore(FileOutputStore disk, OutputPieces pieces) : IOutputStore
{
    public Task<Stream?> OpenAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken) => disk.OpenAsync(runId, attempt, channel, cancellationToken);

    public async Task ArchiveAsync(
        long runId,
        int attempt,
        IReadOnlyList<OutputChannel> channels,
        Func<OutputChannel, long, CancellationToken, Task<OutputChunk>> read,
        CancellationToken cancellationToken)
    {
        await disk.ArchiveAsync(runId, attempt, channels, read, cancellationToken);
        await pieces.DropAsync(runId, attempt, cancellationToken);
    }

    public async Task DeleteAsync(long runId, CancellationToken cancellationToken)
    {
        await disk.DeleteAsync(runId, cancellationToken);
        await pieces.DropAsync(runId, cancellationToken);
    }
}
