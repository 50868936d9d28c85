using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Ascob.Tests.Docs;

namespace Ascob.Tests.Server.Cli;

/// <summary>The demo as a newcomer starts it: a process whose words are read.</summary>
public sealed partial class DemoTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Demo_TellsWhatTheReadmeShows()
    {
        using var demo = Start("demo");
        var error = demo.StandardError.ReadToEndAsync(Token);
        var told = await demo.StandardOutput.ReadToEndAsync(Token);
        await demo.WaitForExitAsync(Token);

        var readme = Repository.Read("README.md");
        var from = readme.IndexOf("<!-- demo", StringComparison.Ordinal);
        var begin = readme.IndexOf("```text\n", from, StringComparison.Ordinal) + "```text\n".Length;
        Assert.Equal(Shape(readme[begin..readme.IndexOf("```", begin, StringComparison.Ordinal)]), Shape(told));
        Assert.Empty(await error);
        Assert.Equal(0, demo.ExitCode);
    }

    [Fact]
    public async Task Demo_WithKeep_ServesUntilItIsAskedToEnd()
    {
        using var demo = Start("demo", "--keep");
        var told = string.Empty;
        while (!told.Contains("goes on serving", StringComparison.Ordinal) && await demo.StandardOutput.ReadLineAsync(Token) is { } line)
        {
            told += line + "\n";
        }

        using var client = new HttpClient();
        using var ready = await client.GetAsync(new Uri(new Uri(ServesOn().Match(told).Groups[1].Value), "healthz/ready"), Token);
        using (var kill = Process.Start("kill", ["-TERM", demo.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(Token);
        }

        await demo.WaitForExitAsync(Token).WaitAsync(TimeSpan.FromSeconds(30), Token);
        Assert.True(ready.IsSuccessStatusCode);
        Assert.Equal(0, demo.ExitCode);
    }

    private static Process Start(params string[] arguments)
    {
        var host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        return Process.Start(new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "Ascob.Server.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
    }

    // Times, ports and numbers that depend on the order of arrival differ; and a slow machine may not see a job run before it has ended.
    private static string[] Shape(string text) => [.. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(l => !l.TrimEnd().EndsWith("  RUNNING", StringComparison.Ordinal))
        .Select(l => Varying().Replace(l.TrimEnd(), "…"))];

    [GeneratedRegex(@"(?<=127\.0\.0\.1:)\d+| +\d+\.\d(?= s  )|(?<=ascob-)[0-9a-z]{20,}|(?<=PRETEND)\d+")]
    private static partial Regex Varying();

    [GeneratedRegex(@"Ascob serves on (\S+) with")]
    private static partial Regex ServesOn();
}
