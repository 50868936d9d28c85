using Ascob.Core.Client;
using Ascob.Core.Runs;
using Ascob.Server.Cli;

namespace Ascob.Tests.Server.Cli;

public sealed class RunExitCodeTests
{
    [Theory]
    [InlineData(RunStatus.Succeeded, 0, 0)]
    [InlineData(RunStatus.Succeeded, null, 0)]
    [InlineData(RunStatus.Failed, 3, 3)]
    [InlineData(RunStatus.Failed, 255, 255)]
    [InlineData(RunStatus.Failed, null, 1)]
    [InlineData(RunStatus.Failed, 0, 1)]
    [InlineData(RunStatus.Failed, -1, 1)]
    [InlineData(RunStatus.Failed, 256, 1)]
    [InlineData(RunStatus.Aborted, 143, 130)]
    public void Of_IsTheResultOfTheJob(RunStatus status, int? jobsOwn, int expected) => Assert.Equal(
        expected, RunExitCode.Of(new RunInfo { Id = 1, Status = status, DefinedTime = DateTimeOffset.UnixEpoch, ExitCode = jobsOwn }));
}
