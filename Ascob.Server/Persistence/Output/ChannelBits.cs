using Ascob.Core.Output;

namespace Ascob.Server.Persistence.Output;

/// <summary>The numbers under which streams are stored.</summary>
internal static class ChannelBits
{
    public static int Of(OutputChannel channel) => channel switch
    {
        OutputChannel.Combined => 1,
        OutputChannel.Stdout => 2,
        OutputChannel.Stderr => 4,
    };
}
