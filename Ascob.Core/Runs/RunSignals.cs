using System.Collections.Concurrent;

namespace Ascob.Core.Runs;

/// <summary>
/// Wakes those in this process who wait for a change of a run. Changes by other servers are told by <see cref="RunWatch"/>, which compares the versions that those who wait have seen with those stored.
/// </summary>
public sealed class RunSignals
{
    private readonly ConcurrentDictionary<long, Waiters> _byRun = new();

    /// <summary>Tells of a committed change.</summary>
    public void Publish(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Noticed(run.Id, run.Version);
    }

    /// <summary>Tells that a run has a version, which those who have seen an older one want to know.</summary>
    public void Noticed(long runId, long version)
    {
        if (_byRun.TryGetValue(runId, out var waiters))
        {
            waiters.Changed(version);
        }
    }

    /// <summary>Answers which runs are waited for, with the newest version that is known here of each.</summary>
    public IReadOnlyList<KeyValuePair<long, long>> Awaited()
    {
        if (_byRun.IsEmpty)
        {
            return [];
        }

        var awaited = new List<KeyValuePair<long, long>>();
        foreach (var (id, waiters) in _byRun)
        {
            if (waiters.Known is > 0 and var version)
            {
                awaited.Add(KeyValuePair.Create(id, version));
            }
        }

        return awaited;
    }

    /// <summary>Starts listening to a run; dispose it when done.</summary>
    public Subscription Subscribe(long runId)
    {
        while (true)
        {
            var waiters = _byRun.GetOrAdd(runId, static _ => new Waiters());
            if (waiters.TryEnter())
            {
                return new Subscription(this, runId, waiters);
            }
        }
    }

    /// <summary>Somebody who listens to one run.</summary>
    public sealed class Subscription : IDisposable
    {
        private readonly RunSignals _signals;
        private readonly long _runId;
        private readonly Waiters _waiters;
        private Task _next;
        private long _toldOf = -1;

        internal Subscription(RunSignals signals, long runId, Waiters waiters)
        {
            _signals = signals;
            _runId = runId;
            _waiters = waiters;
            _next = waiters.Next;
        }

        /// <summary>
        /// Waits for a change since the last call (or since the subscription), at most so long. A change between two calls is not missed. Changes by other servers are not heard.
        /// </summary>
        public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
        {
            await WaitAsync(_next, longest, time, cancellationToken).ConfigureAwait(false);
            _next = _waiters.Next;
        }

        /// <summary>Waits until the run has another version than the one that the caller has seen, by whichever server, at most so long.</summary>
        public Task WaitAsync(long seen, TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
        {
            var after = _waiters.After(seen);
            if (after.IsCompleted && seen == _toldOf)
            {
                // Told before, and read the same again: the store has gone back (a restored database), and asking at once and again would help nobody.
                after = _waiters.Next;
            }

            _toldOf = seen;
            return WaitAsync(after, longest, time, cancellationToken);
        }

        /// <inheritdoc/>
        public void Dispose() => _signals.Leave(_runId, _waiters);

        private static async Task WaitAsync(Task next, TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
        {
            try
            {
                await next.WaitAsync(longest, time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // The time is over; the caller looks for itself.
            }
        }
    }

    private void Leave(long runId, Waiters waiters)
    {
        if (waiters.Leave())
        {
            _byRun.TryRemove(KeyValuePair.Create(runId, waiters));
        }
    }

    internal sealed class Waiters
    {
        private readonly Lock _gate = new();
        private TaskCompletionSource _next = New();
        private long _known;
        private int _count;
        private bool _closed;

        public Task Next
        {
            get
            {
                lock (_gate)
                {
                    return _next.Task;
                }
            }
        }

        /// <summary>Gets the newest version that anybody here has seen; 0 where nobody told one.</summary>
        public long Known
        {
            get
            {
                lock (_gate)
                {
                    return _known;
                }
            }
        }

        /// <summary>Answers what ends when there is a newer version than the one seen. Who has seen a newer one than all others tells them by it.</summary>
        public Task After(long seen)
        {
            TaskCompletionSource? others = null;
            Task after;
            lock (_gate)
            {
                if (seen < _known)
                {
                    return Task.CompletedTask;
                }

                if (seen > _known)
                {
                    others = _known > 0 ? Renew() : null;
                    _known = seen;
                }

                after = _next.Task;
            }

            others?.TrySetResult();
            return after;
        }

        public bool TryEnter()
        {
            lock (_gate)
            {
                if (_closed)
                {
                    return false;
                }

                _count++;
                return true;
            }
        }

        public bool Leave()
        {
            lock (_gate)
            {
                _closed = --_count == 0;
                return _closed;
            }
        }

        public void Changed(long version)
        {
            TaskCompletionSource done;
            lock (_gate)
            {
                if (version <= _known)
                {
                    return;
                }

                _known = version;
                done = Renew();
            }

            done.TrySetResult();
        }

        private TaskCompletionSource Renew()
        {
            var done = _next;
            _next = New();
            return done;
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
