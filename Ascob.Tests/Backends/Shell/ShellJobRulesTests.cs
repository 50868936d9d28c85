using Ascob.Backends.Shell;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Backends.Shell;

public sealed class ShellJobRulesTests
{
    private static readonly ShellSettings Settings = new() { ExecutablesDirectory = "/opt/programs" };

    [Theory]
    [InlineData("PATH")]
    [InlineData("LD_PRELOAD")]
    [InlineData("ld_preload")]
    [InlineData("DYLD_INSERT_LIBRARIES")]
    [InlineData("BASH_ENV")]
    [InlineData("ENV")]
    [InlineData("IFS")]
    [InlineData("ASCOB_RUN")]
    [InlineData("ASCOB_ANYTHING")]
    [InlineData("PYTHONPATH")]
    [InlineData("PYTHONSTARTUP")]
    [InlineData("PERL5LIB")]
    [InlineData("PERL5OPT")]
    [InlineData("RUBYOPT")]
    [InlineData("NODE_OPTIONS")]
    [InlineData("GCONV_PATH")]
    [InlineData("SHELLOPTS")]
    [InlineData("BASHOPTS")]
    [InlineData("BASH_FUNC_ls%%")]
    [InlineData("PS4")]
    [InlineData("PROMPT_COMMAND")]
    [InlineData("GLIBC_TUNABLES")]
    [InlineData("MALLOC_CHECK_")]
    [InlineData("DOTNET_STARTUP_HOOKS")]
    [InlineData("JAVA_TOOL_OPTIONS")]
    [InlineData("")]
    [InlineData("1A")]
    [InlineData("A-B")]
    [InlineData("A B")]
    [InlineData("A=B")]
    [InlineData("Ä")]
    [InlineData("A\n")]
    public void Validate_WhenParameterNameIsDangerous_RefusesItInBothKinds(string name)
    {
        var spec = Command("true") with { Parameters = new Dictionary<string, string> { [name] = "x" } };
        var secret = Command("true") with { SecretParameters = new Dictionary<string, string> { [name] = "x" } };

        Assert.Equal($"jobSpec.parameters.{name}", Assert.Single(ShellJobRules.Validate(spec, Settings)).Field);
        Assert.Equal($"jobSpec.secretParameters.{name}", Assert.Single(ShellJobRules.Validate(secret, Settings)).Field);
    }

    [Theory]
    [InlineData("TARGET")]
    [InlineData("_private")]
    [InlineData("lower_case1")]
    [InlineData("LDAP_URL")]
    public void Validate_WhenParameterNameIsPlain_TakesIt(string name) =>
        Assert.Empty(ShellJobRules.Validate(Command("true") with { Parameters = new Dictionary<string, string> { [name] = "x" } }, Settings));

    [Theory]
    [InlineData(null, null, null, "shell_command")]
    [InlineData("true", "x", null, "shell_executable")]
    [InlineData("true", null, "[]", "shell_arguments")]
    [InlineData("a\0b", null, null, "shell_command")]
    [InlineData(null, "../x", null, "shell_executable")]
    [InlineData(null, "a/../../x", null, "shell_executable")]
    [InlineData(null, "/bin/true", null, "shell_executable")]
    [InlineData(null, "a//b", null, "shell_executable")]
    [InlineData(null, "x", "not json", "shell_arguments")]
    [InlineData(null, "x", "{}", "shell_arguments")]
    [InlineData(null, "x", "[1]", "shell_arguments")]
    [InlineData(null, "x", "[\"a\\u0000b\"]", "shell_arguments")]
    public void Validate_WhenProgramIsWrong_NamesTheLabel(string? command, string? executable, string? arguments, string label)
    {
        var labels = new Dictionary<string, string?> { ["shell_command"] = command, ["shell_executable"] = executable, ["shell_arguments"] = arguments }
            .Where(l => l.Value is not null).ToDictionary(l => l.Key, l => l.Value!);

        var error = Assert.Single(ShellJobRules.Validate(new JobSpec { Labels = labels }, Settings));

        Assert.Equal($"jobSpec.labels.{label}", error.Field);
    }

    [Fact]
    public void Validate_WhenInlineCommandsAreOff_RefusesThem() =>
        Assert.Single(ShellJobRules.Validate(Command("true"), Settings with { InlineCommands = false }));

    [Fact]
    public void Validate_WhenThereIsNoExecutablesDirectory_RefusesPrograms() =>
        Assert.Single(ShellJobRules.Validate(new JobSpec { Labels = new Dictionary<string, string> { ["shell_executable"] = "x" } }, new ShellSettings()));

    [Theory]
    [InlineData(128 * 1024, 1)]
    [InlineData((128 * 1024) - 4, 0)]
    public void Validate_WhenValueIsLong_KeepsToTheKernelsLimit(int length, int errors) =>
        Assert.Equal(errors, ShellJobRules.Validate(Command("true") with { Parameters = new Dictionary<string, string> { ["A"] = new('x', length) } }, Settings).Count);

    [Theory]
    [InlineData("StopGrace", "soon")]
    [InlineData("MaxOutputBytes", "-1")]
    [InlineData("MaxOutputBytes", "12")]
    [InlineData("InlineCommands", "maybe")]
    [InlineData("ExecutablesDirectory", "relative")]
    [InlineData("Shell", "sh")]
    public void Settings_WhenWrong_RefuseTheStartAndNameTheKey(string key, string value)
    {
        var context = new BackendContext("local", new BackendOptions(), k => k == key ? value : null, "/tmp", new NoServices());

        var error = Assert.Throws<BackendConfigurationException>(() => ShellSettings.Read(context));

        Assert.Contains($"Ascob:Backends:local:{key}", error.Message, StringComparison.Ordinal);
    }

    private static JobSpec Command(string text) => new() { Labels = new Dictionary<string, string> { ["shell_command"] = text } };

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
