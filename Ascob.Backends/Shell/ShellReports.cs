using System.Globalization;
using Ascob.Backends.Shell.Link;
using Ascob.Backends.Shell.Native;
using Ascob.Core.Backends;

namespace Ascob.Backends.Shell;

/// <summary>Puts what the shell host says into the common vocabulary.</summary>
internal static class ShellReports
{
    // What a shell says of a child that a signal ended.
    private const int SignalExitBase = 128;

    public static Dictionary<string, string> Keys(JobReport report) => report.Pid == 0
        ? []
        : new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["pid"] = report.Pid.ToString(CultureInfo.InvariantCulture),
            ["startTime"] = report.StartTime.ToString(CultureInfo.InvariantCulture),
        };

    public static BackendReport ToBackendReport(JobReport report) => report.State switch
    {
        HostJobState.Running => Known(report, BackendState.Running, null, null),
        HostJobState.Ended when report.Stopped => Known(report, BackendState.Aborted, "killed", Ending(report) + " after it was told to stop"),
        HostJobState.Ended when report is { Signal: null, ExitCode: 0 } => Known(report, BackendState.Succeeded, "exit 0", null),
        HostJobState.Ended => Known(report, BackendState.Failed, report.Signal is { } s ? Signals.Name(s) : $"exit {report.ExitCode}", Ending(report)),
        HostJobState.Lost => NotFound(report, "the shell host died; exit code unknown"),
        HostJobState.Unknown => NotFound(report, "the shell host has never seen this job"),
    };

    public static BackendReport Unreachable(string marker, string reason) => new() { Marker = marker, State = BackendState.Unreachable, Reason = reason };

    private static string Ending(JobReport report) =>
        report.Signal is { } signal ? $"killed by signal {signal} ({Signals.Name(signal)})" : $"exit code {report.ExitCode}";

    private static BackendReport NotFound(JobReport report, string reason) =>
        new() { Marker = report.Marker, State = BackendState.NotFound, Reason = reason, Certain = true };

    private static DateTimeOffset? Time(long milliseconds) => milliseconds > 0 ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds) : null;

    private static BackendReport Known(JobReport report, BackendState state, string? word, string? reason) => new()
    {
        Marker = report.Marker,
        State = state,
        Word = word,
        Reason = reason,
        Keys = Keys(report),
        ExitCode = report.State == HostJobState.Ended ? report.ExitCode ?? SignalExitBase + report.Signal : null,
        StartedAt = Time(report.StartedAtMilliseconds),
        EndedAt = report.State == HostJobState.Ended ? Time(report.EndedAtMilliseconds) : null,
        MaxMemoryKb = report is { State: HostJobState.Ended, MaxMemoryKb: > 0 and var most } ? most : null,
        TimedOut = report is { State: HostJobState.Ended, TimedOut: true },
    };
}
