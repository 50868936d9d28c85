using System.Net.Sockets;
using System.Text.Json;
using Ascob.Backends.Shell.Link;

namespace Ascob.Backends.Shell.Host;

/// <summary>One connected server.</summary>
internal sealed class HostConnection(Socket socket, JobTable jobs) : IDisposable
{
    private readonly FrameChannel<HostResponse, HostRequest> _channel = new(socket, HostJson.Default.HostResponse, HostJson.Default.HostRequest);

    private string? _directory;

    /// <summary>Tells the server of a change, if the job is one of its backend's.</summary>
    public void Tell(HostJob job)
    {
        if (_directory is { } directory && job.Directory.StartsWith(directory, StringComparison.Ordinal))
        {
            _channel.TrySend(new HostResponse { Reports = [job.Report] });
        }
    }

    /// <summary>Answers requests until the server goes.</summary>
    public async Task ServeAsync(CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = _channel.SendAllAsync(over.Token);
        try
        {
            while (await _channel.ReceiveAsync(cancellationToken) is { } request)
            {
                Handle(request);
            }
        }
        catch (Exception e) when (e is SocketException or IOException or JsonException or ObjectDisposedException)
        {
            // The server died or speaks another version; it connects again and asks for what it needs.
        }
        finally
        {
            await over.CancelAsync();
            await sending.ContinueWith(static t => t.Exception, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    public void Dispose() => _channel.Dispose();

    private void Handle(HostRequest request)
    {
        switch (request)
        {
            case { Start: { } start }:
                _ = AnswerAsync(request.Id, () => jobs.StartAsync(start));
                break;
            case { Status: { } refs }:
                _ = AnswerAsync(request.Id, () => Task.FromResult(new HostResponse { Reports = [.. refs.Select(jobs.Report)] }));
                break;
            case { Stop: { } stop }:
                _ = AnswerAsync(request.Id, () => Task.Run(() => jobs.Stop(stop)));
                break;
            case { CleanUp: { } cleanUp }:
                _ = AnswerAsync(request.Id, () => Task.Run(() => jobs.CleanUp(cleanUp)));
                break;
            case { Pause: { } pause }:
                _ = AnswerAsync(request.Id, () => Task.Run(() => jobs.Pause(pause)));
                break;
            default:
                _directory = request.Hello;
                _channel.TrySend(new HostResponse { Id = request.Id, HostPid = Environment.ProcessId });
                break;
        }
    }

    private async Task AnswerAsync(long id, Func<Task<HostResponse>> work)
    {
        HostResponse response;
        try
        {
            response = await work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            response = new HostResponse { Error = e.Message };
        }

        _channel.TrySend(response with { Id = id });
    }
}
