using System.Text.RegularExpressions;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Robustness;

namespace Ascob.Tests.Docs;

/// <summary>The snippets of the page about claims, run as they stand there, with what the product would give them.</summary>
public sealed partial class ClaimSnippetTests
{
    private static string Page => Repository.Read("docs", "claim.md");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ShellSnippet_LetsTheFirstExecutionWorkAndEndsEveryOther()
    {
        var output = await RunTwiceAsync(ShellSnippet().Match(Page).Groups[1].Value, string.Empty, string.Empty);

        Assert.Equal("the work is done\nfirst: 0\nanother execution has this run\nsecond: 0\n", output);
    }

    [Fact]
    public async Task RundeckSnippet_LetsTheFirstExecutionWorkAndStopsTheWorkflowOfEveryOther()
    {
        const string Option = "RD_OPTION_ASCOB_CALLBACK_URL=\"$ASCOB_CALLBACK_URL\"";

        var output = await RunTwiceAsync(RundeckSnippet().Match(Page).Groups[1].Value, $"RD_JOB_EXECID=41 {Option}", $"RD_JOB_EXECID=42 {Option}");

        Assert.Equal("the work is done\nfirst: 0\nthis execution has no claim on the run: 409\nsecond: 1\n", output);
    }

    // What Groovy makes of the answer is not run here; in its ''' a doubled backslash is one.
    [Fact]
    public async Task JenkinsSnippet_TellsTheStageWhetherThisBuildMayWork()
    {
        var command = JenkinsSnippet().Match(Page).Groups[1].Value.Replace(@"\\", @"\", StringComparison.Ordinal);

        var output = await RunTwiceAsync(command, "BUILD_TAG=jenkins-deploy-7", "BUILD_TAG=jenkins-deploy-8");

        Assert.Equal("200the work is done\nfirst: 0\n409the work is done\nsecond: 0\n", output);
    }

    private static async Task<string> RunTwiceAsync(string snippet, string firstEnvironment, string secondEnvironment)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The shell backend runs on Linux only.");
        Assert.SkipUnless((Environment.GetEnvironmentVariable("PATH") ?? string.Empty).Split(':').Any(d => File.Exists(Path.Combine(d, "curl"))), "curl is not installed.");
        Assert.Contains("/claim", snippet, StringComparison.Ordinal);
        await using var server = await RunningServer.StartAsync("--Ascob:Backends:shell:Type", "Shell");
        using var client = server.Client();
        var script = $"""
            cat >job.sh <<'END_OF_JOB'
            {snippet}
            echo 'the work is done'
            END_OF_JOB
            {firstEnvironment} sh job.sh; echo "first: $?"
            {secondEnvironment} sh job.sh; echo "second: $?"
            """;

        var id = await client.AcceptedAsync(new { submitter = "ann", labels = new Dictionary<string, string> { ["_execution_backend_id"] = "shell", ["shell_command"] = script } });
        await Http.UntilAsync(async () => await client.StatusAsync(id) is "SUCCEEDED" or "FAILED", TimeSpan.FromSeconds(60));
        return await client.GetStringAsync($"/api/runs/{id}/output.txt", Token);
    }

    [GeneratedRegex("## Shell\n.*?```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex ShellSnippet();

    [GeneratedRegex("## Rundeck\n.*?```sh\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex RundeckSnippet();

    [GeneratedRegex("## Jenkins\n.*?script: '''\n(.*?)'''", RegexOptions.Singleline)]
    private static partial Regex JenkinsSnippet();
}
