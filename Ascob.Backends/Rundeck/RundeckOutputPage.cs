using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Ascob.Backends.Rundeck;

/// <summary>A piece of the log of an execution.</summary>
/// <param name="Text">The lines in it.</param>
/// <param name="Next">Where Rundeck goes on, in its own counting.</param>
/// <param name="IsLast">Whether the execution has ended and this is the end of its log. <c>completed</c> alone only says that all that is there was read.</param>
/// <param name="ExecutionEnded">Whether the execution has ended.</param>
/// <param name="State">The status of the execution.</param>
/// <param name="Pause">For how long Rundeck wants to be left alone before the next question.</param>
internal sealed record RundeckOutputPage(ReadOnlyMemory<byte> Text, long Next, bool IsLast, bool ExecutionEnded, string? State, TimeSpan Pause)
{
    /// <summary>Reads a page that begins at an offset; null where this is none.</summary>
    public static RundeckOutputPage? TryRead(JsonElement? json, long offset)
    {
        if (RundeckJson.Number(json, "id") is null)
        {
            return null;
        }

        var text = new ArrayBufferWriter<byte>();
        foreach (var entry in RundeckJson.Items(RundeckJson.Member(json, "entries")))
        {
            Encoding.UTF8.GetBytes(RundeckJson.Text(entry, "log") ?? string.Empty, text);
            text.Write("\n"u8);
        }

        // A lost log is complete as well: it says so beside its error, which is a text here.
        var ended = RundeckJson.Flag(json, "execCompleted");
        return new RundeckOutputPage(
            text.WrittenMemory,
            Math.Max(offset, RundeckJson.Number(json, "offset") ?? offset),
            ended && RundeckJson.Flag(json, "completed"),
            ended,
            RundeckJson.Text(json, "execState"),
            TimeSpan.FromMilliseconds(Math.Clamp(RundeckJson.Number(json, "retryBackoff") ?? 0, 0, 60_000)));
    }
}
