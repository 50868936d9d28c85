using System.Text;

namespace Ascob.Core.Repository;

/// <summary>Reads YAML and JSON of strangers into nodes: bounded in size, depth and in what aliases may stand for, and with the line of everything.</summary>
internal static class FileParser
{
    /// <summary>The most bytes of a file.</summary>
    public const int MaxBytes = 1024 * 1024;

    /// <summary>The most nodes that a file may stand for when its aliases are followed.</summary>
    public const int MaxNodes = 50_000;

    /// <summary>The deepest nesting.</summary>
    public const int MaxDepth = 32;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file by the ending of its name.</summary>
    /// <exception cref="FileFault">It is broken or too large.</exception>
    public static FileNode Parse(string name, ReadOnlySpan<byte> content)
    {
        if (content.Length > MaxBytes)
        {
            throw new FileFault(null, $"The file has {content.Length} bytes; at most {MaxBytes} are read.");
        }

        content = content.StartsWith(Encoding.UTF8.Preamble) ? content[Encoding.UTF8.Preamble.Length..] : content;
        if (content.IndexOf((byte)0) is >= 0 and var nul)
        {
            throw new FileFault(1 + content[..nul].Count((byte)'\n'), "The file holds a NUL character.");
        }

        string text;
        try
        {
            text = Strict.GetString(content);
        }
        catch (DecoderFallbackException e)
        {
            var line = 1 + (e.Index > 0 ? content[..e.Index].Count((byte)'\n') : 0);
            throw new FileFault(line, "The file is not UTF-8.");
        }

        return name.EndsWith(".json", StringComparison.OrdinalIgnoreCase) ? JsonFile.Parse(content) : YamlFile.Parse(text);
    }
}
