using Ascob.Core.Client;
using Ascob.Server.Cli.Doctor;

namespace Ascob.Tests.Server.Cli.Doctor;

public sealed class DoctorChecksTests
{
    private static readonly BackendInfo Sound = new()
    {
        Id = "shell",
        Type = "Shell",
        Labels = new Dictionary<string, string>(),
        Healthy = true,
        Circuit = "closed",
        Capabilities = [],
    };

    [Theory]
    [InlineData(0, "Ok")]
    [InlineData(-3, "Ok")]
    [InlineData(20, "Warn")]
    [InlineData(-90, "Fail")]
    public void Clock_IsJudgedByItsDistance(int seconds, string verdict) =>
        Assert.Equal(verdict, ServerChecks.Clock(TimeSpan.FromSeconds(seconds)).Verdict.ToString());

    [Theory]
    [InlineData(50L << 20, "Fail")]
    [InlineData(500L << 20, "Warn")]
    [InlineData(5L << 30, "Ok")]
    [InlineData(null, "Skip")]
    public void Room_IsJudgedByWhatIsFree(long? free, string verdict) => Assert.Equal(verdict, LocalChecks.Room("/data", free).Verdict.ToString());

    [Fact]
    public void Backend_WhenItsCircuitIsOpen_FailsAndNamesItsSettings()
    {
        var check = ServerChecks.Backend(Sound with { Healthy = false, Circuit = "open", Reason = "no such directory" });

        Assert.Equal(Verdict.Fail, check.Verdict);
        Assert.Contains("no such directory", check.Message, StringComparison.Ordinal);
        Assert.Contains("Ascob:Backends:shell", check.Mend, StringComparison.Ordinal);
    }

    [Fact]
    public void Backend_WhenDrained_Warns() => Assert.Equal(Verdict.Warn, ServerChecks.Backend(Sound with { Drained = true }).Verdict);

    [Fact]
    public void Backend_WhenSound_IsOk() => Assert.Equal(Verdict.Ok, ServerChecks.Backend(Sound).Verdict);

    [Fact]
    public void DataDirectory_WhenItCannotBeMade_FailsAndNamesTheSetting()
    {
        var file = Path.GetTempFileName();
        try
        {
            var check = Assert.Single(LocalChecks.DataDirectory(Path.Combine(file, "below")));

            Assert.Equal(Verdict.Fail, check.Verdict);
            Assert.Contains("Ascob:DataDirectory", check.Mend, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Runtime_WhenTooOld_Fails() => Assert.Equal(Verdict.Fail, LocalChecks.Runtime(new Version(8, 0)).Verdict);
}
