using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text.Json;

namespace Ascob.Backends.Shell.Link;

/// <summary>
/// The server's connection to the shell host of one directory. Starts the host when there is none, and connects again when it is lost, so that a new host can look
/// after what a dead one left.
/// </summary>
internal sealed class ShellHostClient(string root, string backendDirectory, ShellHostLauncher launcher, HostIdentity identity, TimeSpan idleExit, TimeProvider time, Action<JobReport> news)
    : IAsyncDisposable
{
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ConnectPause = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan ReconnectPause = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _connecting = new(1);
    private readonly CancellationTokenSource _over = new();
    private Connection? _current;

    /// <summary>Gets the process id of the connected host; 0 before the first connection.</summary>
    public int HostPid { get; private set; }

    /// <summary>Gets what the host is told first: whose jobs this client wants to hear of.</summary>
    public string Greeting => backendDirectory + '/';

    /// <summary>Connects, starting the host if need be.</summary>
    /// <exception cref="ShellHostException">There is no host and none could be started.</exception>
    public async Task ConnectAsync(CancellationToken cancellationToken) => await ConnectedAsync(cancellationToken);

    /// <summary>Sends a request and awaits its answer.</summary>
    /// <exception cref="ShellHostException">The connection could not be made (<see cref="ShellHostException.MayHaveArrived"/> is false) or was lost.</exception>
    public async Task<HostResponse> AskAsync(Func<long, HostRequest> request, CancellationToken cancellationToken)
    {
        var connection = await ConnectedAsync(cancellationToken);
        return await connection.AskAsync(request).WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        Volatile.Read(ref _current)?.Dispose();
    }

    private async ValueTask<Connection> ConnectedAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _current) is { IsOpen: true } open)
        {
            return open;
        }

        await _connecting.WaitAsync(cancellationToken);
        try
        {
            if (_current is { IsOpen: true } justOpened)
            {
                return justOpened;
            }

            ObjectDisposedException.ThrowIf(_over.IsCancellationRequested, this);
            var connection = new Connection(await OpenAsync(cancellationToken), news);
            _ = FollowAsync(connection);
            var hello = await connection.AskAsync(id => new HostRequest { Id = id, Hello = Greeting }).WaitAsync(cancellationToken);
            HostPid = hello.HostPid ?? 0;
            Volatile.Write(ref _current, connection);
            return connection;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SocketException)
        {
            throw new ShellHostException($"The shell host in {root} cannot be reached: {e.Message}", e);
        }
        finally
        {
            _connecting.Release();
        }
    }

    private async Task<Socket> OpenAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux())
        {
            throw new ShellHostException(ShellBackendType.NotLinux);
        }

        Directory.CreateDirectory(root, RunDirectory.Private);
        Directory.CreateDirectory(Path.Combine(backendDirectory, RunDirectory.NoFiles), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        identity.Keep();
        using var address = HostSocket.In(root);
        if (await TryOpenAsync(address, cancellationToken) is { } running)
        {
            return running;
        }

        launcher.Launch(root, idleExit);
        var started = time.GetTimestamp();
        while (time.GetElapsedTime(started) < StartTime)
        {
            await Task.Delay(ConnectPause, time, cancellationToken);
            if (await TryOpenAsync(address, cancellationToken) is { } socket)
            {
                return socket;
            }
        }

        throw new ShellHostException($"The shell host did not start; its words are in {Path.Combine(root, "host.log")}.");
    }

    private static async Task<Socket?> TryOpenAsync(HostSocket address, CancellationToken cancellationToken)
    {
        var socket = HostSocket.NewSocket();
        try
        {
            await socket.ConnectAsync(address.EndPoint, cancellationToken);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            return null;
        }
    }

    private async Task FollowAsync(Connection connection)
    {
        await connection.RunAsync(_over.Token);
        while (!_over.IsCancellationRequested)
        {
            try
            {
                await ConnectedAsync(_over.Token);
                return;
            }
            catch (Exception e) when (e is ShellHostException or OperationCanceledException or ObjectDisposedException)
            {
                await Task.Delay(ReconnectPause, time, _over.Token).ContinueWith(
                    static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
    }

    private sealed class Connection(Socket socket, Action<JobReport> news) : IDisposable
    {
        private readonly FrameChannel<HostRequest, HostResponse> _channel = new(socket, HostJson.Default.HostRequest, HostJson.Default.HostResponse);
        private readonly ConcurrentDictionary<long, TaskCompletionSource<HostResponse>> _waiting = new();
        private long _lastId;
        private volatile bool _closed;

        public bool IsOpen => !_closed;

        public Task<HostResponse> AskAsync(Func<long, HostRequest> request)
        {
            var id = Interlocked.Increment(ref _lastId);
            var answer = new TaskCompletionSource<HostResponse>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting[id] = answer;

            // Looked at after the entry: either this sees the end of the connection or the end sees the entry.
            if (_closed || !_channel.TrySend(request(id)))
            {
                _waiting.TryRemove(id, out _);
                throw new ShellHostException("The connection to the shell host is closed.");
            }

            return answer.Task;
        }

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var sending = _channel.SendAllAsync(over.Token);
            try
            {
                while (await _channel.ReceiveAsync(over.Token) is { } response)
                {
                    Take(response);
                }
            }
            catch (Exception e) when (e is SocketException or IOException or JsonException or ObjectDisposedException or OperationCanceledException)
            {
                // Lost; whoever waits is told below.
            }
            finally
            {
                _closed = true;
                Dispose();
                await over.CancelAsync();
                await sending.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
                foreach (var id in _waiting.Keys)
                {
                    if (_waiting.TryRemove(id, out var answer))
                    {
                        answer.TrySetException(new ShellHostException("The connection to the shell host was lost.") { MayHaveArrived = true });
                    }
                }
            }
        }

        public void Dispose() => _channel.Dispose();

        private void Take(HostResponse response)
        {
            if (response.Id is not { } id)
            {
                foreach (var report in response.Reports)
                {
                    news(report);
                }
            }
            else if (_waiting.TryRemove(id, out var answer))
            {
                answer.TrySetResult(response);
            }
        }
    }
}
