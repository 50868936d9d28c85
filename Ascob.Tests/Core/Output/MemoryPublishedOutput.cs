using System.Text;
using Ascob.Core.Errors;
using Ascob.Core.Output;

namespace Ascob.Tests.Core.Output;

/// <summary>What is published, in memory, with the rules of the real one; an answer can be lost, and the archive can come.</summary>
internal sealed class MemoryPublishedOutput : IPublishedOutput
{
    private readonly Dictionary<(long, int, OutputChannel), StringBuilder> _streams = [];
    private readonly HashSet<(long, int)> _archived = [];

    public bool IsShared => true;

    public bool LosesNextAnswer { get; set; }

    public int Calls { get; private set; }

    public string Text(long runId, OutputChannel channel = OutputChannel.Combined, int attempt = 1) =>
        _streams.TryGetValue((runId, attempt, channel), out var text) ? text.ToString() : string.Empty;

    public void Archive(long runId)
    {
        _archived.Add((runId, 1));
        foreach (var key in _streams.Keys.Where(k => k.Item1 == runId).ToList())
        {
            _streams.Remove(key);
        }
    }

    public Task<IReadOnlyList<bool>> AppendAsync(IReadOnlyList<PublishedPiece> pieces, CancellationToken cancellationToken)
    {
        Calls++;
        var answers = new bool[pieces.Count];
        foreach (var (number, piece) in pieces.Index())
        {
            var length = Text(piece.RunId, piece.Channel, piece.Attempt).Length;
            answers[number] = piece.Known == length && !(length == 0 && _archived.Contains((piece.RunId, piece.Attempt)));
            if (answers[number])
            {
                var key = (piece.RunId, piece.Attempt, piece.Channel);
                _streams.TryAdd(key, new StringBuilder());
                _streams[key].Append(Encoding.ASCII.GetString(piece.Data.Span));
            }
        }

        if (LosesNextAnswer)
        {
            LosesNextAnswer = false;
            throw new StoreUnavailableException("the answer was lost") { OutcomeUnknown = true };
        }

        return Task.FromResult<IReadOnlyList<bool>>(answers);
    }

    public Task<OutputChunk> ReadAsync(long runId, int attempt, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<long> LengthAsync(long runId, int attempt, OutputChannel channel, CancellationToken cancellationToken) =>
        Task.FromResult((long)Text(runId, channel, attempt).Length);
}
