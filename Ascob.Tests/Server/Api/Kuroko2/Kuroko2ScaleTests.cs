using System.Net.Http.Json;
using System.Reflection;
using System.Text.Json;
using Ascob.Core.Definitions;
using Ascob.Core.Notifications;
using Ascob.Core.Schedules;
using Ascob.Tests.Backends.Shell;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Api.Kuroko2;

/// <summary>What lists and statistics ask the stores does not grow with the number of definitions.</summary>
public sealed class Kuroko2ScaleTests : Kuroko2Api
{
    [Fact]
    public async Task A_list_asks_the_stores_as_often_for_many_definitions_as_for_a_few()
    {
        await using var server = await ApiServer.StartAsync(
            builder =>
            {
                builder.Services.AddSingleton(ShellWorld.Launcher);
                Count<IDefinitionStore>(builder.Services);
                Count<IScheduleStore>(builder.Services);
                Count<INotificationStore>(builder.Services);
            },
            "--Ascob:Backends:shell:Type", "Shell", "--Ascob:Backends:shell:HostIdleExit", "00:00:00", "--Ascob:Kuroko2:Applications:portal", Key, "--Ascob:Notifications:AllowedInternal:0", "127.0.0.1");
        using var portal = server.Client(token: null);
        portal.DefaultRequestHeaders.Authorization = Portal.DefaultRequestHeaders.Authorization;
        for (var i = 0; i < 25; i++)
        {
            using var made = await portal.PostAsJsonAsync("/v1/definitions", Definition($"job {i}", "noop:", ("cron", new[] { $"{i} 3 * * *", $"{i} 4 * * *" }), ("webhook_url", $"http://127.0.0.1:1/{i}")), Cancel);
            made.EnsureSuccessStatusCode();
        }

        Counting.Of(nameof(IDefinitionStore.ListAsync)).Clear();
        Counting.Of(nameof(IDefinitionStore.StandingAsync)).Clear();
        var listed = (await portal.GetFromJsonAsync<JsonElement>("/v1/definitions", Cancel)).EnumerateArray().ToList();
        _ = await portal.GetStringAsync("/v1/stats/instance", Cancel);

        Assert.All(listed.Index(), d => Assert.Equal(
            ($"job {d.Index}", $"{d.Index} 4 * * *", $"http://127.0.0.1:1/{d.Index}"),
            (d.Item.GetProperty("name").GetString(), d.Item.GetProperty("cron")[1].GetString(), d.Item.GetProperty("webhook_url").GetString())));

        // One of definitions, one of schedules; what the clockwork lists meanwhile is no more than a few.
        Assert.InRange(Counting.Of(nameof(IDefinitionStore.ListAsync)).Count, 2, 8);
        Assert.Empty(Counting.Of(nameof(IDefinitionStore.StandingAsync)));
    }

    private static void Count<T>(IServiceCollection services)
        where T : class
    {
        var inner = services.Last(s => s.ServiceType == typeof(T));
        services.AddSingleton(provider => Counting.Around((T)(inner.ImplementationFactory?.Invoke(provider) ?? ActivatorUtilities.CreateInstance(provider, inner.ImplementationType!))));
    }
}

/// <summary>Notes which methods of an interface are called.</summary>
public class Counting : DispatchProxy
{
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<string, System.Collections.Concurrent.ConcurrentQueue<string>> Calls = new();
    private object _inner = null!;

    internal static System.Collections.Concurrent.ConcurrentQueue<string> Of(string method) => Calls.GetOrAdd(method, _ => new());

    internal static T Around<T>(T inner)
        where T : class
    {
        var proxy = Create<T, Counting>();
        ((Counting)(object)proxy)._inner = inner;
        return proxy;
    }

    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
    {
        Of(targetMethod!.Name).Enqueue(targetMethod.DeclaringType!.Name);
        return targetMethod.Invoke(_inner, BindingFlags.DoNotWrapExceptions, null, args, null);
    }
}
