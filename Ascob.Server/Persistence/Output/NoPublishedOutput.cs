using Ascob.Core.Output;

namespace Ascob.Server.Persistence.Output;

/// <summary>Where there is one server, every job is at its place and nothing is published.</summary>
internal sealed class NoPublishedOutput : IPublishedOutput
{
    public bool IsShared => false;

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<PublishedPiece> pieces, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        return Task.FromResult<IReadOnlyList<bool>>(new bool[pieces.Count]);
    }

    public Task<OutputChunk> ReadAsync(long runId, int attempt, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken) =>
        Task.FromResult(new OutputChunk(ReadOnlyMemory<byte>.Empty, offset, Complete: true));

    public Task<long> LengthAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken) => Task.FromResult(0L);
}
