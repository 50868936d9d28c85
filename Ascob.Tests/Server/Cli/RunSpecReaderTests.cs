using Ascob.Core.Jobs;
using Ascob.Server.Cli;

namespace Ascob.Tests.Server.Cli;

public sealed class RunSpecReaderTests
{
    [Fact]
    public async Task ReadAsync_WhenACommandIsGiven_MakesAShellJobOfTheUser()
    {
        var spec = await ReadAsync(new RunSpecInput { Command = "echo hi", Locks = ["db", "docs:shared"], Timeout = "2m" });

        Assert.Equal("echo hi", spec.Label("shell_command"));
        Assert.Equal("alice", spec.Submitter);
        Assert.Equal([new LockSpec("db"), new LockSpec("docs", LockMode.Shared)], spec.Locks);
        Assert.Equal(120, spec.TimeoutSeconds);
    }

    [Fact]
    public async Task ReadAsync_WhenAFileAndOptionsAreGiven_LaysTheOptionsOverTheFile()
    {
        var input = """{"jobSpec": {"submitter": "bob", "labels": {"a": "1", "b": "2"}, "parameters": {"P": "old"}}}""";

        var spec = await ReadAsync(new RunSpecInput { Spec = "-", Labels = ["b=3"], Parameters = ["P=new"] }, input);

        Assert.Equal("bob", spec.Submitter);
        Assert.Equal("1", spec.Label("a"));
        Assert.Equal("3", spec.Label("b"));
        Assert.Equal("new", spec.Parameters!["P"]);
    }

    [Fact]
    public async Task ReadAsync_WhenSecretsAreNamed_TakesTheVariableAndElseALineOfStdin()
    {
        var spec = await ReadAsync(new RunSpecInput { Command = "true", Secrets = ["FROM_ENV", "FROM_STDIN"] }, "typed\n");

        Assert.Equal("from the environment", spec.SecretParameters!["FROM_ENV"]);
        Assert.Equal("typed", spec.SecretParameters["FROM_STDIN"]);
        Assert.Null(spec.Parameters);
    }

    [Fact]
    public async Task ReadAsync_WhenASecretCarriesItsValue_RefusesWithoutRepeatingIt()
    {
        var error = await Assert.ThrowsAsync<CliException>(() => ReadAsync(new RunSpecInput { Command = "true", Secrets = ["PASSWORD=hunter2"] }));

        Assert.Equal(ExitCodes.Usage, error.ExitCode);
        Assert.Contains("PASSWORD", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[1]")]
    [InlineData("""{"labels": 5}""")]
    [InlineData("null")]
    public async Task ReadAsync_WhenTheSpecIsNone_IsAUsageError(string text) => Assert.Equal(
        ExitCodes.Usage, (await Assert.ThrowsAsync<CliException>(() => ReadAsync(new RunSpecInput { Spec = "-" }, text))).ExitCode);

    [Fact]
    public async Task ReadAsync_WhenTheFileIsMissing_SaysSo() => Assert.Equal(
        ExitCodes.NotFound, (await Assert.ThrowsAsync<CliException>(() => ReadAsync(new RunSpecInput { Spec = "/no/such/file" }))).ExitCode);

    [Fact]
    public async Task ReadAsync_WhenNothingIsGiven_IsAUsageError() => Assert.Equal(
        ExitCodes.Usage, (await Assert.ThrowsAsync<CliException>(() => ReadAsync(new RunSpecInput()))).ExitCode);

    [Fact]
    public async Task ReadAsync_WhenSpecAndSecretBothWantStdin_IsAUsageError() => Assert.Equal(
        ExitCodes.Usage,
        (await Assert.ThrowsAsync<CliException>(() => ReadAsync(new RunSpecInput { Spec = "-", Secrets = ["A"] }, "{}"))).ExitCode);

    private static Task<JobSpec> ReadAsync(RunSpecInput input, string stdin = "")
    {
        var environment = new Dictionary<string, string> { ["USER"] = "alice", ["FROM_ENV"] = "from the environment" };
        return new RunSpecReader(new StringReader(stdin), environment.GetValueOrDefault).ReadAsync(input, TestContext.Current.CancellationToken);
    }
}
