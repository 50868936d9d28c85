using System.Text.RegularExpressions;

namespace Ascob.Tests.Docs;

public sealed partial class WritingABackendTests
{
    public static TheoryData<string> Snippets() => [.. Snippet().Matches(Repository.Read("docs", "writing-a-backend.md")).Select(m => m.Groups[1].Value)];

    [Theory]
    [MemberData(nameof(Snippets))]
    public void Snippet_StandsInTheCompiledExample(string snippet)
    {
        var sources = Directory.EnumerateFiles(Repository.Path("Ascob.Tests", "Examples", "Conveyor"), "*.cs").Select(f => File.ReadAllText(f).ReplaceLineEndings("\n"));

        Assert.Contains(sources, s => s.Contains(snippet, StringComparison.Ordinal));
    }

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}
