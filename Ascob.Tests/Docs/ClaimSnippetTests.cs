using System.Text.RegularExpressions;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;

namespace Ascob.Tests.Docs;

/// <summary>The shell snippet of the page about claims, run as it stands there.</summary>
public sealed partial class ClaimSnippetTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ShellSnippet_LetsTheFirstExecutionWorkAndEndsEveryOther()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The shell backend runs on Linux only.");
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Any(d => File.Exists(Path.Combine(d, "curl"))), "curl is not installed.");
        await using var server = await RunningServer.StartAsync("--Ascob:Backends:shell:Type", "Shell");
        using var client = server.Client();
        var script = $"""
            cat >job.sh <<'END_OF_JOB'
            {ShellSnippet()}
            echo 'the work is done'
            END_OF_JOB
            sh job.sh; echo "first: $?"
            sh job.sh; echo "second: $?"
            """;

        var id = await client.AcceptedAsync(new { submitter = "ann", labels = new Dictionary<string, string> { ["_execution_backend_id"] = "shell", ["shell_command"] = script } });
        await Http.UntilAsync(async () => await client.StatusAsync(id) is "SUCCEEDED" or "FAILED", TimeSpan.FromSeconds(60));

        var output = await client.GetStringAsync($"/api/runs/{id}/output.txt", Token);
        Assert.Equal("the work is done\nfirst: 0\nanother execution has this run\nsecond: 0\n", output);
    }

    private static string ShellSnippet() => Snippet().Match(Repository.Read("docs", "claim.md")).Groups[1].Value;

    [GeneratedRegex("## Shell\n.*?```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Snippet();
}
