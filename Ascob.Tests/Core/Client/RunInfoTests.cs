using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Routing;
using Ascob.Core.Runs;

namespace Ascob.Tests.Core.Client;

public sealed class RunInfoTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 31, 12, 0, 0, 123, TimeSpan.Zero);

    [Fact]
    public void From_WhenNothingIsKnown_WritesEveryMemberAndNullForTheUnknown()
    {
        var run = new Run { Id = 1, Status = RunStatus.Defined, Version = 1, Spec = new JobSpec(), MarkerId = "m", DefinedAt = Now };

        var json = JsonSerializer.Serialize(RunInfo.From(run), AscobJson.Options);

        Assert.Equal(
            """{"id":1,"parentId":null,"status":"DEFINED","description":null,"submitter":null,"definedTime":"2026-01-31T12:00:00.123000Z","submissionTime":null,"startTime":null,"endTime":null,"statusReason":null,"backendId":null,"backendStatus":null,"backendUrl":null,"exitCode":null,"maxMemoryKb":null,"labels":null,"parameters":null,"locks":null,"attempt":1,"progress":null,"token":null,"definitionId":null,"definitionName":null,"definitionVersion":null,"cause":null,"version":1,"route":null}""",
            json);
    }

    [Fact]
    public void From_WhenAllIsKnown_ShowsItWithSecretsMasked()
    {
        var spec = JobSpec.Builder("ada").WithDescription("d").WithLabel("l", "1").WithParameter("p", "v").WithSecretParameter("s", "hunter2").WithLock("a").WithSharedLock("b").Build();
        var run = new Run
        {
            Id = 9,
            ParentId = 3,
            Status = RunStatus.Running,
            StatusReason = "why",
            Version = 4,
            Spec = spec,
            MarkerId = "m",
            Token = "portal",
            BackendId = "shell",
            BackendStatus = "up",
            BackendUrl = "http://b/9",
            Progress = 12.5,
            Attempt = 2,
            DefinedAt = Now,
            SubmittedAt = Now,
            StartedAt = Now,
            EndedAt = Now,
            ExitCode = 3,
            Fences = new Dictionary<string, long> { ["a"] = 7 },
            Route = new RoutingDecision("shell", [new RoutingReason("shell", ["label"])], []),
        };

        var json = JsonSerializer.Serialize(RunInfo.From(run), AscobJson.Options);
        var back = JsonSerializer.Deserialize<RunInfo>(json, AscobJson.Options)!;

        Assert.DoesNotContain("hunter2", json, StringComparison.Ordinal);
        Assert.Equal("***", back.Parameters!["s"]);
        Assert.Equal("v", back.Parameters["p"]);
        Assert.Equal([new RunLockInfo("a", LockMode.Exclusive, LockPolicy.Wait, 7), new RunLockInfo("b", LockMode.Shared, LockPolicy.Wait, null)], back.Locks!);
        Assert.Equal("label", back.Route!.Candidates[0].Reasons[0]);
        Assert.Equal((9, 3L, RunStatus.Running, 4L, 2, 12.5, 3), (back.Id, back.ParentId!.Value, back.Status, back.Version, back.Attempt, back.Progress!.Value, back.ExitCode!.Value));
        Assert.Equal((Now, Now, Now, Now), (back.DefinedTime, back.SubmissionTime!.Value, back.StartTime!.Value, back.EndTime!.Value));
        Assert.Equal(("why", "shell", "up", "http://b/9", "portal"), (back.StatusReason, back.BackendId, back.BackendStatus, back.BackendUrl, back.Token));
    }
}
