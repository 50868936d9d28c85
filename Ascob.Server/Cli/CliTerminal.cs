using System.Text;

namespace Ascob.Server.Cli;

/// <summary>
/// Where the command line reads and writes. Results go to stdout and nothing else does, so that they can be piped; everything said to a person goes to
/// stderr.
/// </summary>
internal sealed class CliTerminal(Stream output, TextWriter error, TextReader input, bool errorIsTerminal, int errorWidth = 80)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);
    private StreamWriter? _writer;

    /// <summary>Gets stdout for bytes that are passed on as they are.</summary>
    public Stream Output { get; } = output;

    /// <summary>Gets stdout for text.</summary>
    public TextWriter Out => _writer ??= new StreamWriter(Output, Utf8) { AutoFlush = true, NewLine = "\n" };

    /// <summary>Gets stderr.</summary>
    public TextWriter Error { get; } = error;

    /// <summary>Gets stdin.</summary>
    public TextReader Input { get; } = input;

    /// <summary>Gets whether a person watches stderr, so that a line may be redrawn.</summary>
    public bool ErrorIsTerminal { get; } = errorIsTerminal;

    /// <summary>Gets how many characters fit into a line of stderr; a longer one would wrap and could not be redrawn.</summary>
    public int ErrorWidth { get; } = Math.Max(20, errorWidth);

    /// <summary>Answers the terminal of this process.</summary>
    public static CliTerminal OfProcess()
    {
        var width = 80;
        try
        {
            width = Console.IsErrorRedirected ? width : Console.WindowWidth;
        }
        catch (IOException)
        {
            // A terminal that tells no width.
        }

        return new CliTerminal(Console.OpenStandardOutput(), Console.Error, Console.In, !Console.IsErrorRedirected, width);
    }
}
