using System.Buffers;

namespace Ascob.Backends.Jenkins;

/// <summary>Where the cleaner stands within something that has begun and not ended.</summary>
/// <param name="Opening">How much of the beginning of a note has been seen.</param>
/// <param name="InNote">Whether it is within a note.</param>
/// <param name="Closing">How much of the end of a note has been seen.</param>
/// <param name="Returns">How many carriage returns wait for what follows them.</param>
internal readonly record struct JenkinsLogState(int Opening, bool InNote, int Closing, int Returns)
{
    public bool IsPlain => this == default;
}

/// <summary>
/// Makes what people read of a log as it comes over the wire: console notes (hidden, and long) are left out, and line ends are line feeds. Bytes are passed on as they are, so a character that
/// is cut in two by the end of an answer is whole again after the next one.
/// </summary>
internal sealed class JenkinsLogCleaner(JenkinsLogState state)
{
    private const byte Escape = 0x1b;

    private static ReadOnlySpan<byte> NoteBegins => "\u001b[8mha:"u8;

    private static ReadOnlySpan<byte> NoteEnds => "\u001b[0m"u8;

    public JenkinsLogState State { get; private set; } = state;

    /// <summary>Gets how many line feeds came with a carriage return before them.</summary>
    public long Pairs { get; private set; }

    /// <summary>Takes one byte.</summary>
    public void Take(byte value, ArrayBufferWriter<byte> to)
    {
        var (opening, inNote, closing, returns) = State;
        if (inNote)
        {
            closing = value == NoteEnds[closing] ? closing + 1 : value == Escape ? 1 : 0;
            State = closing == NoteEnds.Length ? new(0, false, 0, returns) : new(0, true, closing, returns);
            return;
        }

        if (opening > 0)
        {
            if (value == NoteBegins[opening])
            {
                State = opening + 1 == NoteBegins.Length ? new(0, true, 0, returns) : new(opening + 1, false, 0, returns);
                return;
            }

            // It was something else that began alike, such as a colour.
            Write(to, returns, NoteBegins[..opening]);
            returns = 0;
        }

        switch (value)
        {
            case (byte)'\r':
                State = new(0, false, 0, returns + 1);
                break;
            case (byte)'\n':
                Pairs += returns > 0 ? 1 : 0;
                Write(to, 0, "\n"u8);
                State = default;
                break;
            case Escape:
                State = new(1, false, 0, returns);
                break;
            default:
                Write(to, returns, [value]);
                State = default;
                break;
        }
    }

    /// <summary>Gives out what waited for more, at the end of the log.</summary>
    public void Finish(ArrayBufferWriter<byte> to)
    {
        var (opening, _, _, returns) = State;
        Write(to, returns, NoteBegins[..opening]);
        State = default;
    }

    private static void Write(ArrayBufferWriter<byte> to, int returns, ReadOnlySpan<byte> bytes)
    {
        for (; returns > 0; returns--)
        {
            to.Write("\r"u8);
        }

        to.Write(bytes);
    }
}
