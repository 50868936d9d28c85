using Ascob.Core.Jobs;

namespace Ascob.Tests.Core.Jobs;

public sealed class JobSpecBuilderTests
{
    [Fact]
    public void Build_WithEverything_HoldsIt()
    {
        var spec = JobSpec.Builder("ada")
            .WithDescription("Deploy")
            .WithLabel("a", "1")
            .WithLabels(new Dictionary<string, string> { ["b"] = "2" })
            .WithParameter("p", "v")
            .WithSecretParameter("s", "w")
            .WithLock("l1")
            .WithSharedLock("l2")
            .WithLock(new LockSpec("l3", LockMode.Exclusive, LockPolicy.Skip))
            .WithLocks("l4", "l5")
            .WithManualStart()
            .EnableRuntimeVariables()
            .WithTimeout(TimeSpan.FromMilliseconds(1500))
            .WithRetry(3, TimeSpan.FromMinutes(1), "failed", "lost")
            .WithPriority(-5)
            .WithLockWait(TimeSpan.FromHours(1))
            .Build();

        Assert.Equal("ada", spec.Submitter);
        Assert.Equal("Deploy", spec.Description);
        Assert.Equal("1", spec.Label("a"));
        Assert.Equal("2", spec.Label("b"));
        Assert.Equal("v", spec.Parameters!["p"]);
        Assert.Equal("w", spec.SecretParameters!["s"]);
        Assert.Equal(["l1", "l2", "l3", "l4", "l5"], spec.Locks!.Select(l => l.Key));
        Assert.Equal(LockMode.Shared, spec.Locks![1].Mode);
        Assert.Equal(LockPolicy.Skip, spec.Locks![2].Policy);
        Assert.True(spec.HasLocks);
        Assert.True(spec.ManualStart);
        Assert.True(spec.RuntimeVariables);
        Assert.Equal(2, spec.TimeoutSeconds);
        Assert.Equal((3, 60), (spec.Retry!.MaxAttempts, spec.Retry.DelaySeconds));
        Assert.Equal(["failed", "lost"], spec.Retry.On!);
        Assert.Equal(-5, spec.Priority);
        Assert.Equal(3600, spec.LockWaitSeconds);
        Assert.Empty(JobSpecValidator.Validate(spec));
    }

    [Fact]
    public void Build_WithNothing_HasNoCollections()
    {
        var spec = JobSpec.Builder(null).Build();

        Assert.Equal(new JobSpec(), spec);
        Assert.False(spec.HasLocks);
    }

    [Fact]
    public void Build_WhenTheBuilderGoesOn_LeavesTheEarlierJobAsItWas()
    {
        var names = new[] { "failed" };
        var builder = JobSpec.Builder("ada").WithLabel("a", "1").WithParameter("p", "1").WithSecretParameter("s", "1").WithLock("l").WithRetry(2, TimeSpan.Zero, names);
        var first = builder.Build();

        builder.WithLabel("a", "2").WithParameter("q", "2").WithSecretParameter("s", "2").WithLock("m").WithManualStart().EnableRuntimeVariables();
        names[0] = "lost";

        Assert.Equal("1", first.Label("a"));
        Assert.Equal("1", Assert.Single(first.Parameters!).Value);
        Assert.Equal("1", Assert.Single(first.SecretParameters!).Value);
        Assert.Single(first.Locks!);
        Assert.Equal(["failed"], first.Retry!.On!);
        Assert.False(first.ManualStart);
        Assert.False(first.RuntimeVariables);
    }

    [Fact]
    public void Build_CannotBeChangedThroughItsCollections()
    {
        var spec = JobSpec.Builder("ada").WithLabel("a", "1").WithLock("l").Build();

        Assert.Throws<NotSupportedException>(() => ((IDictionary<string, string>)spec.Labels!)["a"] = "2");
        Assert.Throws<NotSupportedException>(() => ((IList<LockSpec>)spec.Locks!)[0] = new LockSpec("m"));
    }

    [Fact]
    public void Switches_CanBeTurnedOffAgain()
    {
        var spec = JobSpec.Builder("ada").WithManualStart().WithAutomaticStart().EnableRuntimeVariables().DisableRuntimeVariables().Build();

        Assert.False(spec.ManualStart);
        Assert.False(spec.RuntimeVariables);
    }

    [Fact]
    public void Label_WhenAbsentOrEmpty_AnswersTheFallback()
    {
        var spec = JobSpec.Builder("ada").WithLabel("empty", "").Build();

        Assert.Equal("x", spec.Label("empty", "x"));
        Assert.Equal("x", spec.Label("absent", "x"));
        Assert.Null(new JobSpec().Label("absent"));
    }

    [Fact]
    public void Arguments_ThatCannotBe_AreRefusedAtOnce()
    {
        var builder = JobSpec.Builder("ada");

        Assert.Throws<ArgumentNullException>(() => builder.WithLabel("a", null!));
        Assert.Throws<ArgumentNullException>(() => builder.WithParameter(null!, "v"));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.WithTimeout(TimeSpan.FromSeconds(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => builder.WithLockWait(TimeSpan.MaxValue));
    }
}
