using System.Text.RegularExpressions;

namespace Ascob.Tests.Docs;

public sealed partial class DockerfileTests
{
    public static TheoryData<string> CopiedPaths() => [.. Copies().SelectMany(c => c.Sources)];

    [Theory]
    [MemberData(nameof(CopiedPaths))]
    public void CopiedPath_IsInTheRepository(string path) =>
        Assert.True(File.Exists(Repository.Path(path)) || Directory.Exists(Repository.Path(path)), $"{path} is copied by the Dockerfile and does not exist");

    [Fact]
    public void RestoredProjects_AreAllThatTheServerReferences()
    {
        var copied = Copies().SelectMany(c => c.Sources).Where(s => s.EndsWith(".csproj", StringComparison.Ordinal)).Select(Path.GetFileName);
        var referenced = ProjectReference().Matches(Repository.Read("Ascob.Server", "Ascob.Server.csproj")).Select(m => m.Groups[1].Value);

        Assert.Equal(referenced.Append("Ascob.Server.csproj").Order(StringComparer.Ordinal), copied.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Image_RunsAsAnOrdinaryUserAndListensOnThePublishedPort()
    {
        var lines = Repository.Read("Dockerfile").Split('\n', StringSplitOptions.TrimEntries);

        Assert.Contains("USER app", lines);
        Assert.Contains("EXPOSE 8081", lines);
        Assert.Contains("VOLUME /data", lines);
        Assert.Contains(lines, l => l.Contains("http://0.0.0.0:8081", StringComparison.Ordinal));
    }

    private static IEnumerable<(string[] Sources, string Target)> Copies() =>
        from line in Repository.Read("Dockerfile").Split('\n')
        where line.StartsWith("COPY ", StringComparison.Ordinal) && !line.Contains("--from", StringComparison.Ordinal)
        let words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
        select (words[1..^1], words[^1]);

    [GeneratedRegex(@"ProjectReference Include=""\.\.\\[^""\\]+\\([^""]+)""")]
    private static partial Regex ProjectReference();
}
