using System.Text;

namespace Ascob.Backends.Rundeck;

/// <summary>Reads the line in which Rundeck keeps the options of an execution: <c>-name value -other "a b"</c>, a quote in quotes doubled.</summary>
internal static class RundeckArgString
{
    /// <summary>Answers the value of an option; null where it is not there. What stands inside another option's value is not found.</summary>
    public static string? ValueOf(string? line, string option)
    {
        string? name = null;
        foreach (var word in Words(line ?? string.Empty))
        {
            if (name is not null)
            {
                if (name == option)
                {
                    return word;
                }

                name = null;
            }
            else if (word.StartsWith('-'))
            {
                name = word[1..];
            }
        }

        return null;
    }

    private static IEnumerable<string> Words(string line)
    {
        var word = new StringBuilder();
        var begun = false;
        char? quote = null;
        for (var at = 0; at < line.Length; at++)
        {
            var c = line[at];
            if (quote is { } open)
            {
                if (c != open)
                {
                    word.Append(c);
                }
                else if (at + 1 < line.Length && line[at + 1] == open)
                {
                    word.Append(open);
                    at++;
                }
                else
                {
                    quote = null;
                }
            }
            else if (c is '"' or '\'')
            {
                quote = c;
                begun = true;
            }
            else if (c is not ' ')
            {
                word.Append(c);
                begun = true;
            }
            else if (begun)
            {
                yield return word.ToString();
                word.Clear();
                begun = false;
            }
        }

        if (begun)
        {
            yield return word.ToString();
        }
    }
}
