using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Ascob.Backends.Shell.Link;
using Ascob.Backends.Shell.Native;

namespace Ascob.Backends.Shell.Host;

/// <summary>Starts jobs in the order of their coming: claim, directory, pipes, process. A start waits for the new process to get a processor, so a few run at once.</summary>
internal sealed class JobStarter(ChildTable children, OutputPump pump, JobFinisher finisher, RunDirectoryPool directories, MemorySampler memory)
{
    private readonly BlockingCollection<(HostJob Job, StartJob Start)> _queue = [];

    /// <summary>Takes a job; the outcome comes through <see cref="HostJob.Started"/>.</summary>
    public void Take(HostJob job, StartJob start)
    {
        if (start.Files.Length > 0)
        {
            // Copying may take long; the jobs behind this one do not wait for it.
            _ = Task.Run(() => Prepare(job, start));
        }
        else
        {
            Prepare(job, start);
        }
    }

    public void Run()
    {
        foreach (var (job, start) in _queue.GetConsumingEnumerable())
        {
            StartRefusal? refusal;
            try
            {
                refusal = Start(job, start);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException)
            {
                // One whose process runs was started, whatever failed then.
                refusal = job.Pid > 0 ? null : new StartRefusal($"The job could not be started: {e.Message}", Mendable: true);
            }

            Answer(job, refusal);
        }
    }

    private static unsafe StartRefusal? OpenPipe(out int read, out int write)
    {
        var ends = stackalloc int[2];
        if (Libc.Pipe2(ends, Libc.O_CLOEXEC) != 0)
        {
            (read, write) = (-1, -1);
            return Refuse(Marshal.GetLastPInvokeError(), "a pipe");
        }

        (read, write) = (ends[0], ends[1]);
        _ = Libc.Fcntl(read, Libc.F_SETFL, Libc.O_NONBLOCK);
        return null;
    }

    private static StartRefusal Refuse(int error, string what) => error switch
    {
        Libc.E2BIG => new StartRefusal("The arguments and parameters together are larger than the system allows.", Mendable: false),
        Libc.ENOEXEC => new StartRefusal("The executable is not a program: a script needs a first line such as '#!/bin/sh'.", Mendable: false),
        Libc.EAGAIN or Libc.ENOMEM or Libc.EMFILE or Libc.ENFILE or Libc.ENOSPC =>
            new StartRefusal($"The system has no room for {what}: {Marshal.GetPInvokeErrorMessage(error)}.", Mendable: true),
        _ => new StartRefusal($"The system refused {what}: {Marshal.GetPInvokeErrorMessage(error)}.", Mendable: false),
    };

    private static void Answer(HostJob job, StartRefusal? refusal)
    {
        if (refusal is not null)
        {
            job.Journal?.Dispose();

            // Where that fails a claim without a start stays behind; a later question answers "lost", which is safe.
            StubbornTree.TryDelete(job.Directory);
        }

        job.Answer(refusal);
    }

    private void Prepare(HostJob job, StartJob start)
    {
        try
        {
            if (!OperatingSystem.IsLinux())
            {
                throw new PlatformNotSupportedException();
            }

            if (directories.TryTake(start.Directory))
            {
                job.Journal = JobJournal.Reuse(start.Directory);
            }
            else
            {
                Directory.CreateDirectory(start.Directory, RunDirectory.Private);
                job.Journal = JobJournal.TryClaim(start.Directory);
                Directory.CreateDirectory(Path.Combine(start.Directory, RunDirectory.Work), RunDirectory.Private);
            }

            if (job.Journal is null)
            {
                // Another process has claimed it between our look and now: only a second host could, and there is none.
                job.Answer(new StartRefusal("The job's directory is claimed by somebody else.", Mendable: true));
                return;
            }

            CopyFiles(start);
            _queue.Add((job, start));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Answer(job, new StartRefusal($"The job's directory could not be prepared: {e.Message}", Mendable: true));
        }
    }

    // Copies, not links: the job may write to its files, and the originals belong to resubmitted runs too.
    private static void CopyFiles(StartJob start)
    {
        if (start.Files.Length == 0 || !OperatingSystem.IsLinux())
        {
            return;
        }

        var directory = Directory.CreateDirectory(Path.Combine(start.Directory, RunDirectory.Files), RunDirectory.Private).FullName;
        foreach (var file in start.Files)
        {
            File.Copy(file.Source, Path.Combine(directory, file.Name));
        }
    }

    private StartRefusal? Start(HostJob job, StartJob start)
    {
        if (OpenPipe(out var stdoutRead, out var stdoutWrite) is { } noPipe)
        {
            return noPipe;
        }

        if (OpenPipe(out var stderrRead, out var stderrWrite) is { } noSecondPipe)
        {
            CloseAll(stdoutRead, stdoutWrite);
            return noSecondPipe;
        }

        // Before the process: nothing that can fail may come after it, or a job that runs would pass for one that was not started.
        if (!pump.TryRegister(job, stdoutRead, stderrRead, out var noRoom))
        {
            CloseAll(stdoutRead, stdoutWrite, stderrRead, stderrWrite);
            return Refuse(noRoom, "to watch the job's output");
        }

        int error;
        try
        {
            error = children.Start(job, start, stdoutWrite, stderrWrite);
        }
        finally
        {
            // With nobody to write, the pump finds the end of both outputs and closes the other ends.
            CloseAll(stdoutWrite, stderrWrite);
        }

        if (error != 0)
        {
            return Refuse(error, $"to start '{Path.GetFileName(start.Path)}'");
        }

        finisher.KeepTime(job);
        memory.Watch(job);
        return null;
    }

    private static void CloseAll(params ReadOnlySpan<int> descriptors)
    {
        foreach (var descriptor in descriptors)
        {
            _ = Libc.Close(descriptor);
        }
    }
}
