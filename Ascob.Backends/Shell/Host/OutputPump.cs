using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Ascob.Backends.Shell.Native;
using Ascob.Core.Timing;

namespace Ascob.Backends.Shell.Host;

/// <summary>
/// Reads the outputs of all jobs in one thread that waits for whichever has something: a piece from each in turn, so a job that floods its output delays nobody
/// else's, and a limited number of bytes a second from each, so that it does not eat a processor either.
/// </summary>
internal sealed unsafe class OutputPump : IDisposable
{
    private const int PieceBytes = 64 * 1024;
    private const int EventsAtOnce = 64;
    private const long BytesPerWindow = 640 * 1024;
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(10);

    // The kernel packs its event structure on x86 only.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.X86 ? 4 : 8;
    private static readonly int EventBytes = DataOffset + 8;

    private readonly MonotonicClock _clock;
    private readonly Action<HostJob> _ended;
    private readonly ConcurrentDictionary<long, Stream> _streams = new();
    private readonly ConcurrentQueue<HostJob> _cuts = new();
    private readonly List<(Stream Stream, DateTimeOffset Until)> _paused = [];
    private readonly byte[] _piece = new byte[PieceBytes];
    private readonly int _epoll;
    private readonly int _wakeRead;
    private readonly int _wakeWrite;
    private long _lastId;

    /// <summary>Initialises the pump; it starts with <see cref="Run"/>.</summary>
    /// <param name="ended">Called when both outputs of a job that has exited are done.</param>
    public OutputPump(MonotonicClock clock, Action<HostJob> ended)
    {
        _clock = clock;
        _ended = ended;
        _epoll = Check(Libc.EpollCreate1(Libc.EPOLL_CLOEXEC));
        var pipe = stackalloc int[2];
        Check(Libc.Pipe2(pipe, Libc.O_CLOEXEC | Libc.O_NONBLOCK));
        (_wakeRead, _wakeWrite) = (pipe[0], pipe[1]);
        Control(Libc.EPOLL_CTL_ADD, _wakeRead, 0);
    }

    /// <summary>Takes over the reading ends of a job's pipes; false with the error number, and both still the caller's, where the system does not let it.</summary>
    public bool TryRegister(HostJob job, int stdout, int stderr, out int error)
    {
        var output = new JobOutput(job);
        var first = Add(new Stream(job, output, stdout, isStderr: false));
        var second = Add(new Stream(job, output, stderr, isStderr: true));
        if (!TryControl(Libc.EPOLL_CTL_ADD, first.Fd, first.Id, out error))
        {
            Drop(first, second);
            return false;
        }

        if (!TryControl(Libc.EPOLL_CTL_ADD, second.Fd, second.Id, out error))
        {
            _ = TryControl(Libc.EPOLL_CTL_DEL, first.Fd, 0, out _);
            Drop(first, second);
            return false;
        }

        return true;
    }

    /// <summary>Leaves the outputs of a job although they are still open.</summary>
    public void Cut(HostJob job)
    {
        _cuts.Enqueue(job);
        Wake();
    }

    /// <summary>Closes its descriptors. The host never does: its pump lives as long as the process.</summary>
    public void Dispose()
    {
        _ = Libc.Close(_epoll);
        _ = Libc.Close(_wakeRead);
        _ = Libc.Close(_wakeWrite);
    }

    public void Run()
    {
        var events = stackalloc byte[EventsAtOnce * EventBytes];
        while (true)
        {
            var count = Libc.EpollWait(_epoll, events, EventsAtOnce, _paused.Count > 0 ? 5 : -1);
            for (var i = 0; i < count; i++)
            {
                var id = Marshal.ReadInt64((nint)(events + (i * EventBytes) + DataOffset));
                if (id == 0)
                {
                    DrainWakes();
                }
                else if (_streams.TryGetValue(id, out var stream))
                {
                    ReadPiece(stream);
                }
            }

            Resume();
            while (_cuts.TryDequeue(out var job))
            {
                foreach (var stream in _streams.Values.Where(s => s.Job == job).ToList())
                {
                    ReadRest(stream);
                    Close(stream, cut: true);
                }
            }
        }
    }

    private static int Check(int result) =>
        result >= 0 ? result : throw new IOException($"The output pump cannot work: {Marshal.GetLastPInvokeErrorMessage()}.");

    private Stream Add(Stream stream)
    {
        stream.Id = Interlocked.Increment(ref _lastId);
        _streams[stream.Id] = stream;
        return stream;
    }

    private void Drop(params ReadOnlySpan<Stream> streams)
    {
        foreach (var stream in streams)
        {
            _streams.TryRemove(stream.Id, out _);
        }
    }

    private void Control(int operation, int fd, long id)
    {
        if (!TryControl(operation, fd, id, out var error))
        {
            throw new IOException($"The output pump cannot work: {Marshal.GetPInvokeErrorMessage(error)}.");
        }
    }

    private bool TryControl(int operation, int fd, long id, out int error)
    {
        var description = stackalloc byte[16];
        Marshal.WriteInt32((nint)description, (int)Libc.EPOLLIN);
        Marshal.WriteInt64((nint)(description + DataOffset), id);
        error = Libc.EpollControl(_epoll, operation, fd, description) == 0 ? 0 : Marshal.GetLastPInvokeError();
        return error == 0;
    }

    private void Wake()
    {
        byte one = 1;
        _ = Libc.Write(_wakeWrite, &one, 1);
    }

    private void DrainWakes()
    {
        fixed (byte* buffer = _piece)
        {
            while (Libc.Read(_wakeRead, buffer, PieceBytes) > 0)
            {
            }
        }
    }

    // Answers how many bytes came; 0 at the end and -1 when there is nothing now.
    private nint ReadPiece(Stream stream)
    {
        nint read;
        fixed (byte* buffer = _piece)
        {
            read = Libc.Read(stream.Fd, buffer, PieceBytes);
        }

        if (read > 0)
        {
            stream.Output.Append(stream.IsStderr, _piece.AsSpan(0, (int)read));
            HoldBack(stream, (int)read);
        }
        else if (read == 0 || Marshal.GetLastPInvokeError() is not (Libc.EAGAIN or Libc.EINTR))
        {
            Close(stream, cut: false);
        }

        return read;
    }

    // What lies in the pipe at the moment of the cut still belongs to the job; more than a pipe holds does not.
    private void ReadRest(Stream stream)
    {
        for (var pieces = 0; pieces < 16 && _streams.ContainsKey(stream.Id) && ReadPiece(stream) > 0; pieces++)
        {
        }
    }

    private void HoldBack(Stream stream, int read)
    {
        // The clock is asked once a window's worth at most: a quiet job never comes here twice.
        stream.WindowBytes += read;
        if (stream.WindowBytes < BytesPerWindow || stream.IsPaused)
        {
            return;
        }

        var now = _clock.Now;
        var until = stream.WindowStart + Window;
        stream.WindowBytes = 0;
        stream.WindowStart = now > until ? now : until;
        if (until > now)
        {
            Control(Libc.EPOLL_CTL_DEL, stream.Fd, 0);
            stream.IsPaused = true;
            _paused.Add((stream, until));
        }
    }

    private void Resume()
    {
        if (_paused.Count == 0)
        {
            return;
        }

        var now = _clock.Now;
        foreach (var (stream, _) in _paused.Where(p => p.Until <= now && _streams.ContainsKey(p.Stream.Id)))
        {
            stream.IsPaused = false;
            Control(Libc.EPOLL_CTL_ADD, stream.Fd, stream.Id);
        }

        _paused.RemoveAll(p => p.Until <= now);
    }

    private void Close(Stream stream, bool cut)
    {
        if (!_streams.TryRemove(stream.Id, out _))
        {
            return;
        }

        // Closing alone is not enough: a child that is just being started has a copy of the descriptor, and the kernel would go on telling of it until its exec.
        if (!stream.IsPaused)
        {
            Control(Libc.EPOLL_CTL_DEL, stream.Fd, 0);
        }

        _ = Libc.Close(stream.Fd);
        stream.Output.Finish(stream.IsStderr, cut);
        if (stream.Job.NotePipeClosed())
        {
            _ended(stream.Job);
        }
    }

    private sealed class Stream(HostJob job, JobOutput output, int fd, bool isStderr)
    {
        public HostJob Job => job;

        public JobOutput Output => output;

        public int Fd => fd;

        public bool IsStderr => isStderr;

        public long Id { get; set; }

        public long WindowBytes { get; set; }

        public DateTimeOffset WindowStart { get; set; }

        public bool IsPaused { get; set; }
    }
}
