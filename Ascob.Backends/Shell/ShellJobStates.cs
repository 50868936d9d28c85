using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Ascob.Backends.Shell.Link;

namespace Ascob.Backends.Shell;

/// <summary>
/// What the shell host has said of its jobs. Only ends are kept, so that nobody is asked twice for the end of a job; whoever listens hears of every change.
/// </summary>
internal sealed class ShellJobStates(Func<string, JobRef> refer)
{
    private const int MostEndsKept = 10_000;

    private readonly ConcurrentDictionary<string, JobReport> _ends = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Channel<string>, bool> _listeners = new();

    /// <summary>Answers the end of a job where it is known; null where it is not.</summary>
    public JobReport? EndOf(string marker) => _ends.GetValueOrDefault(marker);

    /// <summary>Forgets a job that was cleaned up.</summary>
    public void Forget(string marker) => _ends.TryRemove(marker, out _);

    /// <summary>Answers the states of jobs, in their order.</summary>
    /// <exception cref="ShellHostException">The host gave no answer.</exception>
    public async Task<JobReport[]> AskAsync(ShellHostClient host, string[] markers, CancellationToken cancellationToken)
    {
        var reports = new JobReport[markers.Length];
        var unknown = new List<int>();
        for (var i = 0; i < markers.Length; i++)
        {
            if (!_ends.TryGetValue(markers[i], out reports[i]!))
            {
                unknown.Add(i);
            }
        }

        if (unknown.Count == 0)
        {
            return reports;
        }

        var response = await host.AskAsync(id => new HostRequest { Id = id, Status = [.. unknown.Select(i => refer(markers[i]))] }, cancellationToken);
        if (response.Reports.Length != unknown.Count)
        {
            throw new ShellHostException(response.Error ?? "The shell host gave no answer.");
        }

        for (var i = 0; i < unknown.Count; i++)
        {
            reports[unknown[i]] = response.Reports[i];
        }

        return reports;
    }

    /// <summary>Answers the markers of jobs whose state has changed, until cancelled.</summary>
    public async IAsyncEnumerable<string> ChangesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var channel = Channel.CreateUnbounded<string>();
        _listeners[channel] = true;
        try
        {
            await foreach (var marker in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return marker;
            }
        }
        finally
        {
            _listeners.TryRemove(channel, out _);
        }
    }

    /// <summary>Takes what the host says by itself.</summary>
    public void Note(JobReport report)
    {
        if (report.State == HostJobState.Ended)
        {
            if (_ends.Count > MostEndsKept)
            {
                _ends.Clear();
            }

            _ends[report.Marker] = report;
        }

        foreach (var listener in _listeners.Keys)
        {
            listener.Writer.TryWrite(report.Marker);
        }
    }
}
