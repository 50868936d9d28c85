using Ascob.Server;
using Ascob.Tests.Backends.Shell;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Docs;

public sealed class ReadmeSampleTests : IAsyncDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("ascob-readme-").FullName;

    [Fact]
    public void ReadmeSample_IsTheCompiledOne()
    {
        var lines = Repository.Read("Ascob.Tests", "Docs", "ReadmeSample.cs").Split('\n');
        var begin = Array.FindIndex(lines, l => l.Contains("// readme:begin", StringComparison.Ordinal));
        var end = Array.FindIndex(lines, l => l.Contains("// readme:end", StringComparison.Ordinal));
        var compiled = string.Join('\n', lines[(begin + 1)..end].Select(l => l.Length > 8 ? l[8..] : string.Empty)).Trim()
            .Replace("AscobClient(url,", "AscobClient(new Uri(\"http://localhost:8081\"),", StringComparison.Ordinal)
            .Replace("console.", "Console.", StringComparison.Ordinal);

        var readme = Repository.Read("README.md");
        var from = readme.IndexOf("```csharp\n", StringComparison.Ordinal) + "```csharp\n".Length;
        Assert.Equal(compiled, readme[from..readme.IndexOf("```", from, StringComparison.Ordinal)].Trim());
    }

    [Fact]
    public async Task ReadmeSample_AgainstAServer_PrintsTheResultAndTheOutput()
    {
        await using var server = AscobServer.Build(
            [
                "--urls=http://127.0.0.1:0", "--environment=Development", $"--Ascob:DataDirectory={_directory}",
                "--Ascob:Backends:shell:HostIdleExit=00:00:01", "--Logging:LogLevel:Default=None",
            ],
            builder => builder.Services.AddSingleton(ShellWorld.Launcher));
        await server.StartAsync(TestContext.Current.CancellationToken);
        using var console = new StringWriter { NewLine = "\n" };

        await ReadmeSample.RunAsync(new Uri(server.Urls.First()), console);
        await server.StopAsync(TestContext.Current.CancellationToken);

        Assert.Equal("Succeeded: done\nreport for Monday\n", console.ToString());
    }

    public async ValueTask DisposeAsync() => await TestDirectories.DeleteAsync(_directory);
}
