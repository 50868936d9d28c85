using System.Text;

namespace Ascob.Core.Repository;

/// <summary>The here-documents of a shell's text: which are begun in a line, and where they end after it.</summary>
internal sealed class HereDocuments(string text)
{
    private readonly Queue<(string End, bool Quoted, bool Tabs)> _begun = new();

    /// <summary>Gets whether a document was begun whose text is still to come.</summary>
    public bool AreOpen => _begun.Count > 0;

    /// <summary>Answers whether a backslash stands here that takes the line break after it away.</summary>
    public bool IsContinued(int i) => i + 1 < text.Length && text[i] == '\\' && text[i + 1] == '\n';

    /// <summary>Answers the next place that counts, from the given one on: behind the line breaks that a backslash takes away.</summary>
    public int Past(int i)
    {
        while (IsContinued(i))
        {
            i += 2;
        }

        return i;
    }

    /// <summary>Answers the character that counts at or after a place; a space at the end.</summary>
    public char At(int i) => Past(i) is var at && at < text.Length ? text[at] : ' ';

    /// <summary>Notes the document whose operator ends before the given place; answers the last place of the word that ends it.</summary>
    public int Note(int i)
    {
        i = Past(i);
        var tabs = i < text.Length && text[i] == '-';
        i += tabs ? 1 : 0;
        while (At(i) is ' ' or '\t' && Past(i) < text.Length)
        {
            i = Past(i) + 1;
        }

        var quoted = false;
        var end = new StringBuilder();
        for (i = Past(i); i < text.Length && text[i] is not (' ' or '\t' or '\n' or ';' or '&' or '|' or '<' or '>' or '(' or ')' or ShellPlaces.Gap); i = Past(i + 1))
        {
            quoted |= text[i] is '\'' or '"' or '\\';
            if (text[i] is not ('\'' or '"' or '\\'))
            {
                end.Append(text[i]);
            }
        }

        _begun.Enqueue((end.ToString(), quoted, tabs));
        return i - 1;
    }

    /// <summary>Goes from the end of the line that asked for them to the end of the last one's last line, and answers that place.</summary>
    /// <param name="i">The end of the line.</param>
    /// <param name="places">Takes what each gap in them is.</param>
    public int Skip(int i, List<ShellPlace> places)
    {
        while (_begun.TryDequeue(out var document))
        {
            var continues = false;
            while (i < text.Length)
            {
                var begin = i + 1;
                var next = text.IndexOf('\n', Math.Min(begin, text.Length));
                i = next < 0 ? text.Length : next;
                var line = begin < i ? text[begin..i] : string.Empty;
                if (!continues && string.Equals(document.Tabs ? line.TrimStart('\t') : line, document.End, StringComparison.Ordinal))
                {
                    break;
                }

                // A line of a document that is expanded goes on in the next one behind a backslash, and the next one then is not its end.
                continues = !document.Quoted && (line.Length - line.TrimEnd('\\').Length) % 2 == 1;
                places.AddRange(line.Where(c => c == ShellPlaces.Gap).Select(_ => document.Quoted ? ShellPlace.Verbatim : ShellPlace.Document));
            }
        }

        return i;
    }
}
