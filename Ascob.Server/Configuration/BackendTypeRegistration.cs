using Ascob.Backends.Dummy;
using Ascob.Backends.Jenkins;
using Ascob.Backends.PagerDuty;
using Ascob.Backends.Rundeck;
using Ascob.Backends.Shell;
using Ascob.Core.Backends;

namespace Ascob.Server.Configuration;

/// <summary>The types of backend that this server knows; a new type is one line here.</summary>
internal static class BackendTypeRegistration
{
    /// <summary>Adds the types of the core.</summary>
    public static IServiceCollection AddAscobBackendTypes(this IServiceCollection services) => services
        .AddSingleton<IBackendType, DummyBackendType>()
        .AddSingleton<IBackendType, JenkinsBackendType>()
        .AddSingleton<IBackendType, PagerDutyBackendType>()
        .AddSingleton<IBackendType, RundeckBackendType>()
        .AddSingleton(ShellHost())
        .AddSingleton<IBackendType, ShellBackendType>();

    // The host of shell jobs is this executable once more. Where the server is hosted by another program (a test), it is its assembly, started by the runtime.
    private static ShellHostLauncher ShellHost()
    {
        var server = typeof(BackendTypeRegistration).Assembly;
        return System.Reflection.Assembly.GetEntryAssembly() == server
            ? ShellHostLauncher.ForThisProcess()
            : new ShellHostLauncher(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [server.Location]);
    }
}
