using Ascob.Core.Backends;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Core.Dispatch;

/// <summary>What a server knows of the line for the slots of a backend, while runs go into it and looks at it are under way.</summary>
public sealed class BackendLineTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly BackendCondition _condition;

    public BackendLineTests() => _condition = new BackendCondition(new BackendOptions().Resilience, _time);

    [Fact]
    public void Look_ThatFoundTheLineEmpty_DoesNotHideARunThatWentIntoItMeanwhile()
    {
        var version = _condition.LineVersion;
        _condition.HasLine = true;

        _condition.NoteLine(isThere: false, version);

        Assert.True(_condition.HasLine);
    }

    [Fact]
    public void Look_ThatFoundTheLineEmpty_EndsIt_WhereNobodyWentIntoIt()
    {
        _condition.HasLine = true;

        _condition.NoteLine(isThere: false, _condition.LineVersion);

        Assert.False(_condition.HasLine);
    }

    [Fact]
    public void Look_ThatFoundALine_CountsWhateverHappenedMeanwhile()
    {
        var version = _condition.LineVersion;
        _condition.HasLine = true;
        _condition.NoteLine(isThere: false, _condition.LineVersion);

        _condition.NoteLine(isThere: true, version);

        Assert.True(_condition.HasLine);
    }

    [Fact]
    public void OfTwoLooks_TheOneThatBeganBeforeTheOtherEnded_DoesNotUndoIt()
    {
        var version = _condition.LineVersion;
        _condition.NoteLine(isThere: true, version);

        _condition.NoteLine(isThere: false, version);

        Assert.True(_condition.HasLine);
    }

    [Fact]
    public void Line_ThatNobodyHasSeenForLong_IsForgotten()
    {
        _condition.HasLine = true;

        _time.Advance(TimeSpan.FromHours(1));

        Assert.False(_condition.HasLine);
    }
}
