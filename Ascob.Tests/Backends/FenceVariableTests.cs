using Ascob.Core.Backends;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Backends;

public sealed class FenceVariableTests
{
    [Fact]
    public void FenceVariables_WhenTwoNamesComeToOneVariable_LeavesBothOut()
    {
        var job = new BackendJob
        {
            RunId = 1,
            Marker = "ascob-x",
            Attempt = 1,
            Spec = JobSpec.Builder("ann").Build(),
            Fences = new Dictionary<string, long> { ["db-main"] = 1, ["db.main"] = 2, ["Net/é"] = 3 },
        };

        Assert.Equal([KeyValuePair.Create("ASCOB_LOCK_NET__", 3L)], job.FenceVariables);
    }
}
