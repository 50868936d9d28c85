using Ascob.Core.Cluster;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Contracts;

/// <summary>What every database must do for the registry of servers and workers.</summary>
public abstract class MemberStoreContract
{
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(15);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    protected abstract Task<TestStore> OpenAsync();

    [Fact]
    public async Task RegisterAsync_WhenNameIsNew_EntersEverything()
    {
        await using var store = await OpenAsync();
        var members = store.Get<IMemberStore>();
        var member = Sample("w1") with { Labels = new Dictionary<string, string> { ["os"] = "linux" }, Capacity = 4, Places = ["w1:abc"], Running = 2 };

        var registration = await members.RegisterAsync(member, SampleRuns.Start - Lease, Stop);

        Assert.Equal(new Registration(null, false), registration);
        Assert.Equivalent(member, Assert.Single(await members.ListAsync(Stop)), strict: true);
    }

    [Fact]
    public async Task RegisterAsync_WhenStrangerIsThere_IsRefusedAndLeavesItAlone()
    {
        await using var store = await OpenAsync();
        var members = store.Get<IMemberStore>();
        var first = Sample("a");
        await members.RegisterAsync(first, SampleRuns.Start - Lease, Stop);

        var second = await members.RegisterAsync(Sample("a", "a:2", home: "other"), SampleRuns.Start - Lease, Stop);

        Assert.True(second.IsRefused);
        Assert.Equal("a:1", second.Before!.Instance);
        Assert.Equal("a:1", Assert.Single(await members.ListAsync(Stop)).Instance);
    }

    [Theory]
    [InlineData("same home", "home", MemberState.Online, 0)]
    [InlineData("stopped", "other", MemberState.Stopped, 0)]
    [InlineData("away", "other", MemberState.Online, 16)]
    public async Task RegisterAsync_WhenTheOneBeforeGivesWay_TakesTheName(string why, string home, MemberState state, int seconds)
    {
        await using var store = await OpenAsync();
        var members = store.Get<IMemberStore>();
        await members.RegisterAsync(Sample("a") with { State = state }, SampleRuns.Start - Lease, Stop);
        var now = SampleRuns.Start.AddSeconds(seconds);

        var next = await members.RegisterAsync(Sample("a", "a:2", home) with { LastSeenAt = now }, now - Lease, Stop);

        Assert.False(next.IsRefused, why);
        Assert.Equal("a:1", next.Before?.Instance);
        Assert.Equal("a:2", Assert.Single(await members.ListAsync(Stop)).Instance);
    }

    [Fact]
    public async Task BeatAsync_WhenNameBelongsToAnotherLife_SaysSoAndChangesNothing()
    {
        await using var store = await OpenAsync();
        var members = store.Get<IMemberStore>();
        var first = Sample("a");
        await members.RegisterAsync(first, SampleRuns.Start - Lease, Stop);
        await members.RegisterAsync(Sample("a", "a:2"), SampleRuns.Start - Lease, Stop);

        Assert.False(await members.BeatAsync(first with { LastSeenAt = SampleRuns.Start.AddHours(1) }, Stop));
        Assert.True(await members.BeatAsync(Sample("a", "a:2") with { LastSeenAt = SampleRuns.Start.AddMinutes(1), Running = 7, Places = ["p"] }, Stop));

        var now = Assert.Single(await members.ListAsync(Stop));
        Assert.Equal((SampleRuns.Start.AddMinutes(1), 7, "p"), (now.LastSeenAt, now.Running, Assert.Single(now.Places)));
    }

    [Fact]
    public async Task ForgetAsync_WhenAnotherLifeIsThere_DoesNothing()
    {
        await using var store = await OpenAsync();
        var members = store.Get<IMemberStore>();
        await members.RegisterAsync(Sample("a"), SampleRuns.Start - Lease, Stop);

        Assert.False(await members.ForgetAsync("a", "a:0", Stop));
        Assert.Single(await members.ListAsync(Stop));
        Assert.True(await members.ForgetAsync("a", "a:1", Stop));
        Assert.Empty(await members.ListAsync(Stop));
    }

    [Fact]
    public async Task RegisterAsync_WhenManyStrangersComeAtOnce_OneGetsTheName()
    {
        await using var store = await OpenAsync();
        var members = store.Get<IMemberStore>();

        var all = await Task.WhenAll(Enumerable.Range(0, 20).Select(
            i => members.RegisterAsync(Sample("a", $"a:{i}", $"home{i}"), SampleRuns.Start - Lease, Stop)));

        Assert.Single(all, r => !r.IsRefused);
    }

    private static Member Sample(string name, string instance = "a:1", string home = "home") => new()
    {
        Name = name,
        Kind = MemberKind.Worker,
        Instance = instance,
        Home = home,
        Version = "1.2.3",
        StartedAt = SampleRuns.Start,
        LastSeenAt = SampleRuns.Start,
    };
}
