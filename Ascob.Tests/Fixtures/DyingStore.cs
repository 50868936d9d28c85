using Ascob.Core.Errors;
using Ascob.Core.Schedules;

namespace Ascob.Tests.Fixtures;

/// <summary>
/// What a server calls when it fires schedules. At a random call the server dies, before the call reached the other side or after: from then on no call of it reaches anything.
/// </summary>
internal sealed class DyingStore(IScheduleStore store, IScheduledLaunch launch, Random random) : IScheduleStore, IScheduledLaunch
{
    private const int CallsOfALife = 60;
    private int _callsLeft = Next(random);

    public Task<Result<ScheduledLaunch>> LaunchAsync(ClaimedTick tick, CancellationToken cancellationToken) => DieAsync(() => launch.LaunchAsync(tick, cancellationToken));

    public Task<IReadOnlyList<ClaimedTick>> ClaimDueAsync(TickClaim claim, Func<Schedule, IReadOnlyList<Suspension>, SchedulePlan> plan, CancellationToken cancellationToken) =>
        DieAsync(() => store.ClaimDueAsync(claim, plan, cancellationToken));

    public Task<IReadOnlyList<ClaimedTick>> ClaimOpenAsync(TickClaim claim, CancellationToken cancellationToken) => DieAsync(() => store.ClaimOpenAsync(claim, cancellationToken));

    public Task SettleAsync(string owner, IReadOnlyList<TickOutcome> outcomes, CancellationToken cancellationToken) => DieAsync(async () =>
    {
        await store.SettleAsync(owner, outcomes, cancellationToken);
        return true;
    });

    public Task<ScheduleTick?> FindActiveBeforeAsync(long scheduleId, DateTimeOffset tick, CancellationToken cancellationToken) =>
        DieAsync(() => store.FindActiveBeforeAsync(scheduleId, tick, cancellationToken));

    public Task<SavedSchedule> AddAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<SavedSchedule?> ReplaceAsync(Schedule schedule, Retime retime, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> DeleteAsync(long scheduleId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task DeleteOfDefinitionAsync(long definitionId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Schedule?> FindAsync(long scheduleId, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<Schedule>> ListAsync(long? definitionId, long afterId, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<Schedule>> ListAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<Suspension?> AddSuspensionAsync(Suspension suspension, Retime retime, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<bool> DeleteSuspensionAsync(long definitionId, long suspensionId, Retime retime, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<Suspension>> SuspensionsAsync(IReadOnlyCollection<long> definitionIds, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<DateTimeOffset?> NextLookAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<ScheduleTick>> TicksAsync(long scheduleId, DateTimeOffset? before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<int> DeleteTicksAsync(DateTimeOffset before, int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

    private static int Next(Random random)
    {
        lock (random)
        {
            return random.Next(1, CallsOfALife * 2);
        }
    }

    private async Task<T> DieAsync<T>(Func<Task<T>> call)
    {
        var left = Interlocked.Decrement(ref _callsLeft);
        if (left < 0 || (left == 0 && Next(random) % 2 == 0))
        {
            // Nothing is written, logged or tried again by the dead.
            throw new DeathException();
        }

        var result = await call();
        return left == 0 ? throw new DeathException() : result;
    }

    /// <summary>The end of a server: a cancellation, which nobody handles as a failure of the work.</summary>
    internal sealed class DeathException : OperationCanceledException
    {
    }
}
