using Ascob.Core.Cluster;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Core.Cluster;

/// <summary>What a process believes of the others: who is there, who is missed, and whose jobs are whose.</summary>
public sealed class ClusterViewTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeSpan.Zero));
    private readonly ServerIdentity _server;
    private readonly ClusterView _view;

    public ClusterViewTests()
    {
        var options = Options.Create(new EngineOptions { ServerName = "one" });
        _server = new ServerIdentity(options);
        _view = new ClusterView(_server, new MonotonicClock(_time), options);
    }

    [Fact]
    public void Absence_WhileTheMembersCouldNotBeRead_DoesNotCount()
    {
        var other = Other("two", MemberState.Online);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.False(_view.IsThere(other));

        _view.WatchingSince = _time.GetUtcNow();
        _time.Advance(TimeSpan.FromSeconds(5));

        Assert.True(_view.IsThere(other));
        Assert.Equal(TimeSpan.FromSeconds(5), _view.AbsenceOf(other));
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.False(_view.IsThere(other));
    }

    [Fact]
    public void Absence_OfOneThatStoppedInOrder_CountsFromItsLastWord()
    {
        var stopped = Other("two", MemberState.Stopped);
        _time.Advance(TimeSpan.FromHours(1));
        _view.WatchingSince = _time.GetUtcNow();

        Assert.Equal(TimeSpan.FromHours(1), _view.AbsenceOf(stopped));
        Assert.False(_view.IsThere(stopped));
    }

    [Fact]
    public void OthersPlaces_WhenAnotherMemberListsAPlaceOfOurs_LeaveItOut()
    {
        _view.Update([Other("one", MemberState.Online, "here") with { Instance = _server.LeaseOwner }, Other("two", MemberState.Online, "here", "there"), Other("three", MemberState.Stopped, "gone")]);

        Assert.Equal(["there"], _view.OthersPlaces);
    }

    [Fact]
    public void KeeperOf_WhenARowOfAnEarlierNameIsLeft_IsWhoWasSeenLast()
    {
        var old = Other("a-new-name-sorts-later", MemberState.Online, "here");
        _time.Advance(TimeSpan.FromMinutes(1));
        var present = Other("a", MemberState.Online, "here");

        _view.Update([present, old]);

        Assert.Equal("a", _view.KeeperOf("here")!.Name);
    }

    private Member Other(string name, MemberState state, params string[] places) => new()
    {
        Name = name,
        Kind = MemberKind.Server,
        Instance = name + ":1",
        Home = name,
        State = state,
        Places = places,
        LastSeenAt = _time.GetUtcNow(),
    };
}
