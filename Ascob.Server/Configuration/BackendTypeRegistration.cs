using Ascob.Backends.Dummy;
using Ascob.Backends.Shell;
using Ascob.Core.Backends;

namespace Ascob.Server.Configuration;

/// <summary>The types of backend that this server knows; a new type is one line here.</summary>
internal static class BackendTypeRegistration
{
    /// <summary>Adds the types of the core.</summary>
    public static IServiceCollection AddAscobBackendTypes(this IServiceCollection services) => services
        .AddSingleton<IBackendType, DummyBackendType>()
        .AddSingleton<IBackendType, ShellBackendType>();
}
