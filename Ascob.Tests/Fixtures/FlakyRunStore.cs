using System.Reflection;
using Ascob.Core.Errors;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ascob.Tests.Fixtures;

/// <summary>The real store of one server, which the test takes away and gives back.</summary>
public class FlakyRunStore : DispatchProxy
{
    private object _store = null!;
    private int _refused;

    /// <summary>Gets or sets whether every call is told that the store is away.</summary>
    public bool IsAway { get; set; }

    /// <summary>Gets or sets whether the next change is stored although its caller is told that nobody knows.</summary>
    public bool LosesNextAnswer { get; set; }

    /// <summary>Gets or sets what happens once, between the commit of the next claim of due runs and its answer.</summary>
    public Func<Task>? AfterNextClaim { get; set; }

    public int Refused => Volatile.Read(ref _refused);

    public static void Use(IServiceCollection services)
    {
        services.AddSingleton<RunStore>();
        services.Replace(ServiceDescriptor.Singleton(provider =>
        {
            var store = Create<IRunStore, FlakyRunStore>();
            ((FlakyRunStore)store)._store = provider.GetRequiredService<RunStore>();
            return store;
        }));
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        if (IsAway)
        {
            Interlocked.Increment(ref _refused);
            throw new StoreUnavailableException("the database is away");
        }

        var answer = targetMethod!.Invoke(_store, args);
        if (LosesNextAnswer && answer is Task<ApplyOutcome> applied)
        {
            LosesNextAnswer = false;
            return LoseAsync(applied);
        }

        if (AfterNextClaim is { } then && answer is Task<IReadOnlyList<Run>> claimed)
        {
            AfterNextClaim = null;
            return WithholdAsync(claimed, then);
        }

        return answer;
    }

    private static async Task<IReadOnlyList<Run>> WithholdAsync(Task<IReadOnlyList<Run>> claimed, Func<Task> then)
    {
        var runs = await claimed;
        await then();
        return runs;
    }

    private async Task<ApplyOutcome> LoseAsync(Task<ApplyOutcome> applied)
    {
        await applied;
        Interlocked.Increment(ref _refused);
        throw new StoreUnavailableException("the answer of the commit was lost") { OutcomeUnknown = true };
    }
}
