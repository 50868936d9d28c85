using System.Text.RegularExpressions;

namespace Ascob.Tests.Docs;

public sealed partial class LinksTests
{
    public static TheoryData<string> Pages()
    {
        var docs = Directory.EnumerateFiles(Repository.Path("docs"), "*.md", SearchOption.AllDirectories);
        var root = Directory.EnumerateFiles(Repository.Root, "*.md");
        return [.. docs.Concat(root).Select(f => Path.GetRelativePath(Repository.Root, f)).Order(StringComparer.Ordinal)];
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void Page_LinksOnlyToWhatIsThere(string page)
    {
        var directory = Path.GetDirectoryName(Repository.Path(page))!;
        var broken = Link().Matches(Repository.Read(page))
            .Select(m => m.Groups[1].Value.Split('#')[0])
            .Where(target => target.Length > 0 && !target.Contains("://", StringComparison.Ordinal))
            .Where(target => !Path.Exists(Path.Combine(directory, target)));

        Assert.Empty(broken);
    }

    [GeneratedRegex(@"\]\(<?([^)>\s]+)>?\)")]
    private static partial Regex Link();
}
