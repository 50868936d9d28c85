using System.Text.Json;

namespace Ascob.Tests.Server.Cli;

public sealed class CliVerbsTests : IAsyncLifetime
{
    private readonly CliFixture _cli = new();

    public async ValueTask InitializeAsync() => await _cli.StartServerAsync();

    public ValueTask DisposeAsync() => _cli.DisposeAsync();

    [Fact]
    public async Task Run_WhenTheJobSucceeds_WritesItsOutputAndNothingElseToStdout()
    {
        var exit = await _cli.RunAsync("run", "-c", "make", "--param", "A=1");

        Assert.Equal(0, exit);
        Assert.Equal(PretendServer.Output, _cli.Output);
        Assert.Contains("run 1 RUNNING\n", _cli.Error, StringComparison.Ordinal);
        Assert.EndsWith("run 1 SUCCEEDED\n", _cli.Error, StringComparison.Ordinal);
        Assert.Equal("make", _cli.Server.Submitted!.Label("shell_command"));
        Assert.Equal("1", _cli.Server.Submitted.Parameters!["A"]);
    }

    [Fact]
    public async Task Run_WhenTheJobFails_ExitsWithItsExitCode()
    {
        Assert.Equal(3, await _cli.RunAsync("run", "--label", "pretend_exit=3"));
        Assert.EndsWith("run 1 FAILED: exit code 3\n", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhenInterruptedOnce_StopsTheRunAndWaitsForItsEnd()
    {
        _cli.Interrupts.Raise();

        Assert.Equal(130, await _cli.RunAsync("run", "--label", "pretend_wait=1"));
        Assert.Equal(1, _cli.Server.Stops);
        Assert.EndsWith("run 1 ABORTED\n", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_WhenDetached_PrintsTheNumberAndLeaves()
    {
        Assert.Equal(0, await _cli.RunAsync("run", "--label", "pretend_wait=1", "--detach"));
        Assert.Equal("1\n", _cli.Output);
    }

    [Fact]
    public async Task Run_WhenTheServerRefuses_SaysWhyInOneLine()
    {
        Assert.Equal(65, await _cli.RunAsync("run", "--label", "pretend_refuse=1"));
        Assert.Equal("ascob: no backend for these labels\n", _cli.Error);
    }

    [Fact]
    public async Task Logs_PrintsTheOutput()
    {
        Assert.Equal(0, await _cli.RunAsync("logs", "1"));
        Assert.Equal(PretendServer.Output, _cli.Output);
    }

    [Fact]
    public async Task Logs_WhenFollowing_EndsWithTheRun()
    {
        var following = _cli.RunAsync("logs", "-f", "1");
        await _cli.RunAsync("stop", "1");

        Assert.Equal(0, await following);
        Assert.Equal(PretendServer.Output, _cli.Output);
    }

    [Fact]
    public async Task Stop_WhenTheRunIsFinal_IsRefused()
    {
        await _cli.RunAsync("stop", "1");

        Assert.Equal(65, await _cli.RunAsync("stop", "1"));
        Assert.EndsWith("ascob: run 1 is final\n", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_AsJson_IsWhatTheApiAnswers()
    {
        Assert.Equal(0, await _cli.RunAsync("status", "1", "--json"));

        using var document = JsonDocument.Parse(_cli.Output);
        Assert.Equal("RUNNING", document.RootElement.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Status_WhenTheRunDoesNotExist_Says66()
    {
        Assert.Equal(66, await _cli.RunAsync("status", "9"));
        Assert.Equal("ascob: run 9 does not exist\n", _cli.Error);
    }

    [Fact]
    public async Task List_KeepsEscapesOfUsersFromTheTerminal()
    {
        Assert.Equal(0, await _cli.RunAsync("list", "--status", "running"));
        Assert.Contains("bad [2J", _cli.Output, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', _cli.Output);
    }

    [Fact]
    public async Task TokenCreate_WritesTheSecretAloneToStdout()
    {
        Assert.Equal(0, await _cli.RunAsync("token", "create", "portal", "--expires", "30d"));
        Assert.Equal("the-secret\n", _cli.Output);
    }

    [Fact]
    public async Task TokenCreate_WhenAPermissionIsUnknown_IsAUsageError() =>
        Assert.Equal(64, await _cli.RunAsync("token", "create", "portal", "--permission", "job_sumbit"));

    [Fact]
    public async Task AnyVerb_WhenTheTokenIsWrong_Says77()
    {
        Assert.Equal(77, await _cli.RunAsync("status", "1", "--token", "guessed"));
        Assert.DoesNotContain("guessed", _cli.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnyVerb_WhenThereIsNoToken_Says77()
    {
        _cli.Environment.Remove("ASCOB_TOKEN");

        Assert.Equal(77, await _cli.RunAsync("status", "1"));
    }

    [Fact]
    public async Task AnyVerb_WhenNobodyListens_Says69()
    {
        // Port 1 belongs to a service that nobody runs, and is never given out.
        Assert.Equal(69, await _cli.RunAsync("status", "1", "--url", "http://127.0.0.1:1"));
        Assert.StartsWith("ascob: cannot reach http://127.0.0.1:1/", _cli.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bogus")]
    [InlineData("run")]
    [InlineData("run", "--timeout", "soon", "-c", "true")]
    [InlineData("status")]
    [InlineData("status", "seven")]
    [InlineData("list", "--limit", "0")]
    [InlineData("list", "--status", "DONE")]
    [InlineData("status", "1", "--url", "not a url")]
    public async Task WrongCommandLine_Says64InOneLine(params string[] args)
    {
        Assert.Equal(64, await _cli.RunAsync(args));
        Assert.Matches("^ascob: [^\n]+\n$", _cli.Error);
        Assert.Empty(_cli.Output);
    }
}
