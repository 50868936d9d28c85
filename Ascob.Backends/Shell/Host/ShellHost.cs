using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Ascob.Backends.Shell.Link;
using Ascob.Backends.Shell.Native;
using Ascob.Core.Timing;
using Microsoft.Win32.SafeHandles;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// The process that owns the children of all shell backends of one data directory, so that jobs, their output and their exit codes survive the server. One for
/// each directory; it ends by itself when nobody needs it.
/// </summary>
[SuppressMessage("Reliability", "CA1001", Justification = "Lives as long as the process.")]
internal sealed class ShellHost
{
    private const int Starters = 3;
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookForIdleness = TimeSpan.FromSeconds(1);

    private readonly string _root;
    private readonly TimeSpan _idleExit;
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly MonotonicClock _clock;
    private readonly ConcurrentDictionary<HostConnection, bool> _connections = new();
    private readonly ChildTable _children;
    private readonly JobOwners _owners;
    private readonly JobFinisher _finisher;
    private readonly OutputPump _pump;
    private readonly MemorySampler _memory;
    private readonly JobStarter _starter;
    private readonly JobTable _jobs;
    private readonly EndedJobs _gone;

    public ShellHost(string root, TimeSpan idleExit)
    {
        _root = root;
        _idleExit = idleExit;
        _clock = new MonotonicClock(_time);
        _owners = new JobOwners();
        _children = new ChildTable(_clock, _owners);
        _finisher = new JobFinisher(_clock, _children, _owners, new JobProcesses(_children, _owners), NoteFinal);
        _pump = new OutputPump(_clock, _finisher.NoteDone);
        _finisher.UsePump(_pump);
        var directories = new RunDirectoryPool();
        _memory = new MemorySampler(_clock, ProcessTable.ReadAll);
        _starter = new JobStarter(_children, _pump, _finisher, directories, _memory);
        _gone = new EndedJobs(root, _clock);
        _jobs = new JobTable(_clock, _starter, _finisher, directories, _gone);
    }

    /// <summary>Serves until idle or told to end. Answers at once with 0 where a host already runs for this directory.</summary>
    public async Task<int> RunAsync()
    {
        using var lockFile = TryLock();
        if (lockFile is null)
        {
            return 0;
        }

        if (Libc.Prctl(Libc.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
        {
            throw new IOException($"The shell host cannot adopt orphans: {Marshal.GetLastPInvokeErrorMessage()}.");
        }

        var number = HostNumber(lockFile, _root);
        _gone.Open();
        _owners.UseHost(number);
        JobProcesses.KillLeftovers(_root, number);
        for (var i = 0; i < Starters; i++)
        {
            StartThread("starter", _starter.Run);
        }

        StartThread("output", _pump.Run);
        StartThread("finisher", _finisher.Run);
        StartThread("memory", _memory.Run);
        StartThread("reaper", () => _children.ReapAll(_finisher.NoteExit));

        using var over = new CancellationTokenSource();
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            over.Cancel();
        });
        using var address = HostSocket.In(_root);
        using var listener = Listen(address);
        var idle = ExitWhenIdleAsync(lockFile, over);
        await AcceptAsync(listener, over.Token);
        await idle;
        await EndJobsAsync();
        if (!IsDeleted(lockFile))
        {
            File.Delete(address.Path);
        }

        return 0;
    }

    private static void StartThread(string name, Action run) => new Thread(() => run()) { Name = name, IsBackground = true }.Start();

    private static Socket Listen(HostSocket address)
    {
        File.Delete(address.Path);
        var listener = HostSocket.NewSocket();
        listener.Bind(address.EndPoint);
        listener.Listen(64);
        return listener;
    }

    private static bool IsDeleted(SafeFileHandle file) =>
        new FileInfo($"/proc/self/fd/{file.DangerousGetHandle()}").LinkTarget?.EndsWith(" (deleted)", StringComparison.Ordinal) ?? true;

    private SafeFileHandle? TryLock()
    {
        var file = File.OpenHandle(Path.Combine(_root, "host.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        if (Libc.Flock((int)file.DangerousGetHandle(), Libc.LOCK_EX | Libc.LOCK_NB) == 0)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    // Stands in the lock file, so that each host of a directory finds what an earlier one left behind; with the directory it was made for, because the file is copied with its directory,
    // and the host of a restored backup must not take the original's processes for its own.
    private static uint HostNumber(SafeFileHandle lockFile, string root)
    {
        Span<byte> place = stackalloc byte[FileIdentity.Bytes];
        FileIdentity.Of(root).Write(place);
        Span<byte> stored = stackalloc byte[sizeof(uint) + FileIdentity.Bytes];
        var read = RandomAccess.Read(lockFile, stored, 0);
        var number = read >= sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(stored) : 0;

        // A lock file of an earlier version holds the number alone; its host's processes are still to be found.
        var isHere = read == sizeof(uint) || (read == stored.Length && stored[sizeof(uint)..].SequenceEqual(place));
        if (number == 0 || !isHere)
        {
            number = ProcessTag.NewHost();
        }

        BinaryPrimitives.WriteUInt32LittleEndian(stored, number);
        place.CopyTo(stored[sizeof(uint)..]);
        RandomAccess.Write(lockFile, stored, 0);
        return number;
    }

    private async Task AcceptAsync(Socket listener, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var socket = await listener.AcceptAsync(cancellationToken);
                _ = ServeAsync(new HostConnection(socket, _jobs), cancellationToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, or the caller went away; the next one may do better.
                await Task.Delay(TimeSpan.FromMilliseconds(50), _time, CancellationToken.None);
            }
        }
    }

    private async Task ServeAsync(HostConnection connection, CancellationToken cancellationToken)
    {
        using (connection)
        {
            _connections[connection] = true;
            try
            {
                await connection.ServeAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                // The host ends.
            }
            finally
            {
                _connections.TryRemove(connection, out _);
            }
        }
    }

    private async Task ExitWhenIdleAsync(SafeFileHandle lockFile, CancellationTokenSource over)
    {
        var lastUse = _clock.Now;
        while (!over.IsCancellationRequested)
        {
            await Task.Delay(LookForIdleness, _time, over.Token).ContinueWith(
                static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            if (_jobs.AnyActive || _jobs.AnyUnwritten)
            {
                lastUse = _clock.Now;
            }
            else if (IsDeleted(lockFile))
            {
                // With its directory gone nobody can find it any more, and a new host may have taken the place.
                await over.CancelAsync();
            }
            else if (!_connections.IsEmpty)
            {
                lastUse = _clock.Now;
            }
            else if (_clock.Now - lastUse >= _idleExit)
            {
                await over.CancelAsync();
            }
        }
    }

    // Told to end from outside: the jobs are stopped and their ends written down, rather than left without an owner.
    private async Task EndJobsAsync()
    {
        _jobs.StopAll(StopGrace);
        var deadline = _clock.Now + StopGrace + StopGrace;
        while (_jobs.AnyActive && _clock.Now < deadline)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), _time, CancellationToken.None);
        }
    }

    private void NoteFinal(HostJob job)
    {
        _jobs.NoteFinal(job);
        foreach (var connection in _connections.Keys)
        {
            connection.Tell(job);
        }
    }
}
