using Ascob.Server.Cli;

namespace Ascob.Tests.Server.Cli;

public sealed class CommandLineTests
{
    [Fact]
    public void Pairs_WhenValuesHoldEqualsSignsOrNothing_KeepsThem()
    {
        var pairs = CommandLine.Pairs("--param", ["A=b=c", "EMPTY="]);

        Assert.Equal("b=c", pairs["A"]);
        Assert.Equal(string.Empty, pairs["EMPTY"]);
    }

    [Theory]
    [InlineData("novalue")]
    [InlineData("=value")]
    public void Pairs_WhenThereIsNoKey_IsAUsageErrorThatNamesTheOption(string text)
    {
        var error = Assert.Throws<CliException>(() => CommandLine.Pairs("--label", [text]));

        Assert.Equal(ExitCodes.Usage, error.ExitCode);
        Assert.Contains("--label", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Pairs_WhenAKeyComesTwice_IsAUsageError() =>
        Assert.Equal(ExitCodes.Usage, Assert.Throws<CliException>(() => CommandLine.Pairs("--label", ["a=1", "a=2"])).ExitCode);

    [Theory]
    [InlineData(null, null)]
    [InlineData("90", 90)]
    [InlineData("90s", 90)]
    [InlineData("15m", 900)]
    [InlineData("2h", 7200)]
    [InlineData("1d", 86400)]
    public void Seconds_ReadsTimes(string? text, int? expected) => Assert.Equal(expected, CommandLine.Seconds("--timeout", text));

    [Theory]
    [InlineData("")]
    [InlineData("0")]
    [InlineData("-5")]
    [InlineData("1.5h")]
    [InlineData("5w")]
    [InlineData("99999999999")]
    [InlineData("2000000h")]
    public void Seconds_WhenTheTimeMakesNoSense_IsAUsageError(string text) =>
        Assert.Equal(ExitCodes.Usage, Assert.Throws<CliException>(() => CommandLine.Seconds("--timeout", text)).ExitCode);
}
