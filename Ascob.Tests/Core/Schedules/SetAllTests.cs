using System.Reflection;
using Ascob.Core.Errors;
using Ascob.Core.Schedules;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Core.Schedules;

/// <summary>A definition's schedules set at once: all of them or none.</summary>
public sealed class SetAllTests : IDisposable
{
    private readonly SchedulerWorld _world = new();
    private readonly MemoryScheduleStore _store = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _world.Dispose();

    [Fact]
    public async Task SetAllAsync_WhenTheServerDiesAfterItsFirstChange_HasChangedAllOrNothing()
    {
        await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 3 * * *" });
        await _world.SaveAsync(_store, new ScheduleSpec { Cron = "0 4 * * *" });
        ScheduleSpec[] wanted = [new() { Cron = "0 3 * * *", Priority = 9 }, new() { Cron = "0 5 * * *" }, new() { Cron = "0 6 * * *" }];

        try
        {
            await _world.Service(OneChangeStore.On(_store)).SetAllAsync(1, wanted, "git", "schedule", Stop);
        }
        catch (StoreUnavailableException)
        {
            // Then nothing may have happened.
        }

        var all = (await _store.ListAsync(1, 0, 10, Stop)).Select(s => $"{s.Spec.Cron} {s.Spec.Priority}").Order().ToList();
        string[] before = ["0 3 * * * 0", "0 4 * * * 0"];
        string[] after = ["0 3 * * * 9", "0 5 * * * 0", "0 6 * * * 0"];
        Assert.True(all.SequenceEqual(before) || all.SequenceEqual(after), string.Join(", ", all));
    }
}

/// <summary>A store whose server dies after its first change.</summary>
public class OneChangeStore : DispatchProxy
{
    private static readonly string[] Readings = [nameof(IScheduleStore.ListAsync), nameof(IScheduleStore.FindAsync), nameof(IScheduleStore.SuspensionsAsync)];
    private object _store = null!;
    private bool _isDead;

    public static IScheduleStore On(IScheduleStore store)
    {
        var proxy = Create<IScheduleStore, OneChangeStore>();
        ((OneChangeStore)(object)proxy)._store = store;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (_isDead)
        {
            throw new StoreUnavailableException("dead");
        }

        _isDead = !Readings.Contains(targetMethod!.Name);
        return targetMethod.Invoke(_store, args);
    }
}
