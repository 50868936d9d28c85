using System.Collections.Concurrent;
using System.Text;
using Ascob.Core.Backends;
using Ascob.Core.Output;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Output;

/// <summary>A scripted backend at one server's place whose jobs write what the test says.</summary>
internal sealed class WritingBackend : ScriptedBackend, ISupportOutput
{
    private readonly ConcurrentDictionary<(string Marker, OutputChannel Channel), string> _texts = new();

    public WritingBackend() => Place = "here:1";

    public bool SeparatesStreams => true;

    /// <summary>Gets the streams that were looked at.</summary>
    public ConcurrentQueue<OutputChannel> Looks { get; } = new();

    public void Write(string marker, OutputChannel channel, string text)
    {
        foreach (var one in (OutputChannel[])[OutputChannel.Combined, channel])
        {
            _texts.AddOrUpdate((marker, one), text, (_, old) => old + text);
        }
    }

    public Task<OutputChunk> ReadOutputAsync(BackendRunRef run, OutputChannel channel, long offset, int maxBytes, CancellationToken cancellationToken)
    {
        Looks.Enqueue(channel);
        var all = Encoding.ASCII.GetBytes(_texts.GetValueOrDefault((run.Marker, channel), string.Empty));
        var data = all.AsMemory((int)Math.Min(offset, all.Length));
        data = data[..Math.Min(maxBytes, data.Length)];
        return Task.FromResult(new OutputChunk(data, offset + data.Length, Complete: true));
    }
}
