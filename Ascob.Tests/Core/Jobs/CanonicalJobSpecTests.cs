using System.Text;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Core.Jobs;

public sealed class CanonicalJobSpecTests
{
    [Fact]
    public void Canonical_WhenKeysAndLocksComeInAnotherOrder_IsTheSame()
    {
        var one = JobSpec.Builder("ada").WithLabel("a", "1").WithLabel("b", "2").WithLocks("x", "y").WithRetry(2, TimeSpan.Zero, "lost", "failed").Build();
        var two = JobSpec.Builder("ada").WithLabel("b", "2").WithLabel("a", "1").WithLocks("y", "x").WithRetry(2, TimeSpan.Zero, "failed", "lost").Build();

        Assert.Equal(CanonicalJobSpec.Canonical(one), CanonicalJobSpec.Canonical(two));
    }

    [Fact]
    public void Canonical_WhenDefaultsAreSpeltOut_IsTheSame()
    {
        var spelt = new JobSpec { Labels = new Dictionary<string, string>(), Locks = [], Retry = new RetrySpec(2, 0, ["failed"]) };

        Assert.Equal(CanonicalJobSpec.Hash(new JobSpec { Retry = new RetrySpec(2) }), CanonicalJobSpec.Hash(spelt));
    }

    [Fact]
    public void Hash_StaysAsItIsOverReleases()
    {
        var spec = JobSpec.Builder("ada").WithDescription("é\"").WithLabel("b", "2").WithLabel("a", "1").WithSharedLock("l").WithPriority(1).Build();

        Assert.Equal(
            """{"description":"\u00E9\u0022","labels":{"a":"1","b":"2"},"locks":[{"key":"l","mode":1,"policy":0}],"priority":1,"submitter":"ada"}""",
            Encoding.UTF8.GetString(CanonicalJobSpec.Canonical(spec)));
        Assert.Equal("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", CanonicalJobSpec.Hash(new JobSpec()));
    }

    [Fact]
    public void Hash_WhenAnythingDiffers_Differs()
    {
        var lockA = new LockSpec("a");
        JobSpec[] specs =
        [
            new(),
            new() { Description = "" },
            new() { Submitter = "a" },
            new() { Labels = new Dictionary<string, string> { ["a"] = "1" } },
            new() { Parameters = new Dictionary<string, string> { ["a"] = "1" } },
            new() { SecretParameters = new Dictionary<string, string> { ["a"] = "1" } },
            new() { Locks = [lockA] },
            new() { Locks = [lockA with { Mode = LockMode.Shared }] },
            new() { Locks = [lockA with { Policy = LockPolicy.Fail }] },
            new() { ManualStart = true },
            new() { RuntimeVariables = true },
            new() { TimeoutSeconds = 1 },
            new() { LockWaitSeconds = 1 },
            new() { Priority = 1 },
            new() { Retry = new RetrySpec(1) },
            new() { Retry = new RetrySpec(1, 1) },
            new() { Retry = new RetrySpec(1, 0, ["lost"]) },
        ];

        Assert.Equal(specs.Length, specs.Select(CanonicalJobSpec.Hash).Distinct().Count());
    }
}
