using System.Globalization;
using Ascob.Core.Backends;
using Ascob.Core.Output;

namespace Ascob.Backends.Shell;

/// <summary>The settings of one shell backend, below <c>Ascob:Backends:&lt;id&gt;</c>.</summary>
internal sealed record ShellSettings
{
    /// <summary>Gets the directory with the programs that <c>shell_executable</c> may name; null for none.</summary>
    public string? ExecutablesDirectory { get; init; }

    /// <summary>Gets whether <c>shell_command</c> is allowed.</summary>
    public bool InlineCommands { get; init; } = true;

    /// <summary>Gets how long a stopped job may take before it is killed.</summary>
    public TimeSpan StopGrace { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Gets how much output of a job is kept; as much as the server's archive keeps where nothing is set.</summary>
    public long MaxOutputBytes { get; init; } = CappedLogLimits.Default.TotalBytes;

    /// <summary>Gets how long the shell host stays without a server and without a job.</summary>
    public TimeSpan HostIdleExit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Gets the shell that runs <c>shell_command</c>.</summary>
    public string Shell { get; init; } = SystemShell;

    /// <summary>The shell that every system has.</summary>
    public const string SystemShell = "/bin/sh";

    public static ShellSettings Read(BackendContext context)
    {
        var read = new Reader(context);
        var defaults = new ShellSettings();
        var directory = context.Settings(nameof(ExecutablesDirectory));
        if (directory is not null && !Path.IsPathFullyQualified(directory))
        {
            throw read.Wrong(nameof(ExecutablesDirectory), "an absolute path");
        }

        var shell = context.Settings(nameof(Shell)) ?? defaults.Shell;
        if (!Path.IsPathFullyQualified(shell))
        {
            throw read.Wrong(nameof(Shell), "an absolute path");
        }

        return new ShellSettings
        {
            ExecutablesDirectory = directory,
            InlineCommands = read.Bool(nameof(InlineCommands), defaults.InlineCommands),
            StopGrace = read.Time(nameof(StopGrace), defaults.StopGrace),
            MaxOutputBytes = read.Bytes(
                nameof(MaxOutputBytes),
                ((CappedLogLimits?)context.Services.GetService(typeof(CappedLogLimits)))?.TotalBytes ?? defaults.MaxOutputBytes),
            HostIdleExit = read.Time(nameof(HostIdleExit), defaults.HostIdleExit),
            Shell = shell,
        };
    }

    private sealed class Reader(BackendContext context)
    {
        public BackendConfigurationException Wrong(string key, string expected) =>
            new($"{context.SettingsPath}:{key} must be {expected}.");

        public bool Bool(string key, bool fallback) => context.Settings(key) switch
        {
            null => fallback,
            { } text => bool.TryParse(text, out var value) ? value : throw Wrong(key, "true or false"),
        };

        public TimeSpan Time(string key, TimeSpan fallback) => context.Settings(key) switch
        {
            null => fallback,
            { } text => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var value) && value >= TimeSpan.Zero && value <= TimeSpan.FromDays(1)
                ? value
                : throw Wrong(key, "a time such as 00:00:10, at most a day"),
        };

        public long Bytes(string key, long fallback) => context.Settings(key) switch
        {
            null => fallback,
            { } text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= 1024
                ? value
                : throw Wrong(key, "a number of bytes, at least 1024"),
        };
    }
}
