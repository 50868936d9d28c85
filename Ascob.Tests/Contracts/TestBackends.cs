using Ascob.Core.Backends;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Contracts;

/// <summary>Makes adapters as the server does, from settings.</summary>
internal static class TestBackends
{
    /// <summary>Makes the adapter of a backend with these settings of its type's own.</summary>
    public static IBackendAdapter Create(IBackendType type, string id, params (string Key, string Value)[] settings)
    {
        var byKey = settings.ToDictionary(s => s.Key, s => s.Value, StringComparer.OrdinalIgnoreCase);
        var options = new BackendOptions { Type = type.Name };
        options.Resilience.Timeout = TimeSpan.FromSeconds(6);
        return type.Create(new BackendContext(
            id, options, key => byKey.GetValueOrDefault(key), Path.GetTempPath(), new ServiceCollection().AddSingleton(TimeProvider.System).BuildServiceProvider()));
    }
}
