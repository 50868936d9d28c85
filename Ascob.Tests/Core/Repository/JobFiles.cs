using System.Text;
using Ascob.Core.Repository;

namespace Ascob.Tests.Core.Repository;

/// <summary>Reads files of a repository that need not exist.</summary>
internal static class JobFiles
{
    public static JobFile Read(string text, string path = "deploy.yml") => JobFileReader.Read(path, Encoding.UTF8.GetBytes(text), new AllScripts());

    public static RepositoryJob Job(string text, string path = "deploy.yml")
    {
        var file = Read(text, path);
        Assert.Empty(file.Errors);
        return Assert.Single(file.Jobs);
    }

    public static FileError Error(string text, string path = "deploy.yml")
    {
        var file = Read(text, path);
        Assert.Empty(file.Jobs);
        return Assert.Single(file.Errors);
    }

    private sealed class AllScripts : IScriptFinder
    {
        public string? Problem(string path) => path.Contains("..", StringComparison.Ordinal) ? "leads out" : null;
    }
}
