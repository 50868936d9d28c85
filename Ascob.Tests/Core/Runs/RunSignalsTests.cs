using Ascob.Core.Runs;

namespace Ascob.Tests.Core.Runs;

public sealed class RunSignalsTests
{
    private static readonly TimeSpan Long = TimeSpan.FromMinutes(1);

    private readonly RunSignals _signals = new();

    [Fact]
    public async Task Wait_WhenANewerVersionIsNoticed_Ends()
    {
        using var waiter = _signals.Subscribe(7);
        var wait = Wait(waiter, seen: 3);
        Assert.False(wait.IsCompleted);

        _signals.Noticed(7, 4);

        await wait;
    }

    [Fact]
    public void Wait_WhenTheVersionIsKnownAlready_GoesOnWaiting()
    {
        using var waiter = _signals.Subscribe(7);
        var wait = Wait(waiter, seen: 3);

        _signals.Noticed(7, 3);
        _signals.Noticed(7, 2);
        _signals.Noticed(8, 9);

        Assert.False(wait.IsCompleted);
    }

    [Fact]
    public async Task Wait_WhenAChangeCameAfterTheRead_EndsAtOnce()
    {
        using var waiter = _signals.Subscribe(7);
        using var other = _signals.Subscribe(7);
        _ = Wait(other, seen: 4);

        await Wait(waiter, seen: 3);
    }

    [Fact]
    public async Task Wait_WhenAnotherHasReadANewerVersion_Ends()
    {
        using var waiter = _signals.Subscribe(7);
        var wait = Wait(waiter, seen: 3);
        using var other = _signals.Subscribe(7);

        var newest = Wait(other, seen: 4);

        await wait;
        Assert.False(newest.IsCompleted);
    }

    [Fact]
    public async Task Wait_WhenTheNewerVersionCannotBeRead_EndsAtOnceOnlyOnce()
    {
        using var waiter = _signals.Subscribe(7);
        _signals.Noticed(7, 4);
        await Wait(waiter, seen: 3);

        var again = Wait(waiter, seen: 3);

        Assert.False(again.IsCompleted);
        _signals.Noticed(7, 5);
        await again;
    }

    [Fact]
    public void Awaited_NamesRunsThatSomebodyHasReadAndWaitsFor()
    {
        Assert.Empty(_signals.Awaited());
        using (var waiter = _signals.Subscribe(7))
        using (_signals.Subscribe(8))
        {
            _ = Wait(waiter, seen: 3);

            Assert.Equal([KeyValuePair.Create(7L, 3L)], _signals.Awaited());
        }

        Assert.Empty(_signals.Awaited());
    }

    private static Task Wait(RunSignals.Subscription waiter, long seen) =>
        waiter.WaitAsync(seen, Long, TimeProvider.System, TestContext.Current.CancellationToken);
}
