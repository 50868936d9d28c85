using Ascob.Core.Backends;

namespace Ascob.Core.Output;

/// <summary>Which streams a backend tells apart.</summary>
internal static class OutputChannels
{
    private static readonly OutputChannel[] Apart = [OutputChannel.Combined, OutputChannel.Stdout, OutputChannel.Stderr];
    private static readonly OutputChannel[] Together = [OutputChannel.Combined];

    /// <summary>Answers the streams, the one that has everything first.</summary>
    public static IReadOnlyList<OutputChannel> Of(ISupportOutput source) => source.SeparatesStreams ? Apart : Together;
}
