using System.Collections.Concurrent;
using System.Reflection;
using Ascob.Core.Definitions;
using Ascob.Server.Persistence.Definitions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ascob.Tests.Fixtures;

/// <summary>The real store of definitions: it counts what it is asked, and something can happen behind an answer.</summary>
public class DefinitionStoreProbe : DispatchProxy
{
    private IDefinitionStore _store = null!;

    /// <summary>Gets how often each method was called.</summary>
    public ConcurrentDictionary<string, int> Calls { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets or sets what happens once, after the next definition was read and before its reader has it.</summary>
    public Func<IDefinitionStore, Definition, Task>? AfterNextFind { get; set; }

    public static void Use(IServiceCollection services)
    {
        services.AddSingleton<DefinitionStore>();
        services.Replace(ServiceDescriptor.Singleton(provider =>
        {
            var store = Create<IDefinitionStore, DefinitionStoreProbe>();
            ((DefinitionStoreProbe)store)._store = provider.GetRequiredService<DefinitionStore>();
            return store;
        }));
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Calls.AddOrUpdate(targetMethod!.Name, 1, (_, calls) => calls + 1);
        var answer = targetMethod.Invoke(_store, args);
        if (AfterNextFind is { } then && answer is Task<Definition?> found)
        {
            AfterNextFind = null;
            return WithholdAsync(found, then);
        }

        return answer;
    }

    private async Task<Definition?> WithholdAsync(Task<Definition?> found, Func<IDefinitionStore, Definition, Task> then)
    {
        var definition = await found;
        await then(_store, definition!);
        return definition;
    }
}
