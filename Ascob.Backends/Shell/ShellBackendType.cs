using Ascob.Core.Backends;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Microsoft.Extensions.Options;

namespace Ascob.Backends.Shell;

/// <summary>Runs commands and programs on the server's own machine. Linux only.</summary>
public sealed class ShellBackendType : IBackendType
{
    internal const string NotLinux = "The Shell backend runs on Linux only: it needs process sessions, adopted orphans and /proc to stop and find jobs reliably.";

    /// <inheritdoc/>
    public string Name => "Shell";

    /// <inheritdoc/>
    public string? InstanceLabel => null;

    /// <summary>Makes what a server needs of a worker's shell backend: the rules of its jobs. The worker itself makes the adapter that runs them.</summary>
    public static IBackendAdapter OfWorker(string worker) => new WorkerShellAdapter(worker);

    /// <inheritdoc/>
    public IBackendAdapter Create(BackendContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (!OperatingSystem.IsLinux())
        {
            throw new BackendConfigurationException($"Ascob:Backends:{context.Id}:Type cannot be Shell here. {NotLinux}");
        }

        if (!RunDirectory.IsSafeName(context.Id))
        {
            throw new BackendConfigurationException($"The id of the Shell backend '{context.Id}' names a directory: letters, digits, '-', '_' and '.' only.");
        }

        var settings = ShellSettings.Read(context);
        var launcher = (ShellHostLauncher?)context.Services.GetService(typeof(ShellHostLauncher)) ?? ShellHostLauncher.ForThisProcess();
        var time = (TimeProvider?)context.Services.GetService(typeof(TimeProvider)) ?? TimeProvider.System;
        var engine = (IOptions<EngineOptions>?)context.Services.GetService(typeof(IOptions<EngineOptions>));

        // Asked for when a job needs it: what it is made of needs the backends in its turn.
        return new ShellBackendAdapter(
            context.Id, context.DataDirectory, settings, launcher, time, engine?.Value.ServerName, () => (ICheckouts?)context.Services.GetService(typeof(ICheckouts)));
    }
}
