using System.Globalization;
using System.Text;
using Ascob.Backends.Shell.Link;
using Microsoft.Win32.SafeHandles;

namespace Ascob.Backends.Shell;

/// <summary>
/// What is on disk of a job: lines in one file that is created exclusively, so it is the claim too. A line counts when its end is there; each is written by one
/// call, so a killed host leaves whole lines. Power loss may lose the last of them.
/// </summary>
internal sealed class JobJournal : IDisposable
{
    private const string Alone = "alone";
    private const string Stopped = "stopped";
    private const string Timeout = "timeout";

    private readonly SafeFileHandle _file;
    private readonly Lock _gate = new();
    private byte[] _unwritten = [];
    private long _length;

    private JobJournal(SafeFileHandle file) => _file = file;

    /// <summary>Claims the job; null when it was claimed before.</summary>
    public static JobJournal? TryClaim(string runDirectory)
    {
        var path = Path.Combine(runDirectory, RunDirectory.Journal);
        try
        {
            return new JobJournal(File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));
        }
        catch (IOException) when (File.Exists(path))
        {
            return null;
        }
    }

    /// <summary>Takes the empty journal of a directory that has just become the job's in one step, which was the claim.</summary>
    public static JobJournal Reuse(string runDirectory) =>
        new(File.OpenHandle(Path.Combine(runDirectory, RunDirectory.Journal), FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete));

    /// <summary>Reads what is known of a job whose host is gone; null when it was never claimed.</summary>
    public static JobReport? TryRead(string marker, string runDirectory)
    {
        // Asked before every start, so the usual "no" must not cost an exception.
        var path = Path.Combine(runDirectory, RunDirectory.Journal);
        if (!File.Exists(path))
        {
            return null;
        }

        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }

        var report = new JobReport(marker, HostJobState.Lost);
        var whole = text.LastIndexOf('\n') + 1;
        foreach (var line in text[..whole].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            report = Apply(report, line.Split(' '));
        }

        return report;
    }

    public void Started(int pid, long startTime, long atMilliseconds) => Append($"started {pid} {startTime} {atMilliseconds}\n");

    public void Ended(JobReport end)
    {
        if (end.MaxMemoryKb > 0)
        {
            // In a line of its own: earlier versions pass over lines that they do not know.
            Append($"memory {end.MaxMemoryKb}\n");
        }

        Append($"ended {(end.Signal is null ? "exit" : "signal")} {end.Signal ?? end.ExitCode ?? 0} {(end.TimedOut ? Timeout : end.Stopped ? Stopped : Alone)} {end.EndedAtMilliseconds}\n");
    }

    public void OutputCut() => Append($"cut\n");

    /// <summary>Writes what is not on disk yet; false when the disk still refuses it.</summary>
    public bool TryFlush()
    {
        lock (_gate)
        {
            if (_unwritten.Length > 0)
            {
                TryWrite();
            }

            return _unwritten.Length == 0;
        }
    }

    public void Dispose()
    {
        TryFlush();
        _file.Dispose();
    }

    private static JobReport Apply(JobReport report, string[] words) => words switch
    {
        ["started", var pid, var start, var at] => report with { Pid = (int)Number(pid), StartTime = Number(start), StartedAtMilliseconds = Number(at) },
        // Journals of earlier versions end without the time.
        ["ended", var what, var code, var how] => Ended(report, what, code, how, "0"),
        ["ended", var what, var code, var how, var at] => Ended(report, what, code, how, at),
        ["memory", var kilobytes] => report with { MaxMemoryKb = Number(kilobytes) },
        ["cut"] => report with { OutputCut = true },
        _ => report,
    };

    private static JobReport Ended(JobReport report, string what, string code, string how, string at) => report with
    {
        State = HostJobState.Ended,
        ExitCode = what == "exit" ? (int)Number(code) : null,
        Signal = what == "signal" ? (int)Number(code) : null,
        Stopped = how is Stopped or Timeout,
        TimedOut = how == Timeout,
        EndedAtMilliseconds = Number(at),
    };

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    // A full disk must not end the host: the lines stay in memory, which is what the host answers from, and are written when there is room.
    private void Append(FormattableString line)
    {
        lock (_gate)
        {
            _unwritten = [.. _unwritten, .. Encoding.ASCII.GetBytes(line.ToString(CultureInfo.InvariantCulture))];
            TryWrite();
        }
    }

    private void TryWrite()
    {
        try
        {
            RandomAccess.Write(_file, _unwritten, _length);
            _length += _unwritten.Length;
            _unwritten = [];
        }
        catch (IOException)
        {
            // Tried again with the next line and at the end.
        }
    }
}
