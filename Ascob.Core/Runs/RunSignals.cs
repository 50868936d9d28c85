using System.Collections.Concurrent;

namespace Ascob.Core.Runs;

/// <summary>
/// Wakes those in this process who wait for a change of a run. Other servers' changes are not seen here, so whoever waits also looks into the store now and then.
/// </summary>
public sealed class RunSignals
{
    private readonly ConcurrentDictionary<long, Waiters> _byRun = new();

    /// <summary>Tells of a committed change.</summary>
    public void Publish(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (_byRun.TryGetValue(run.Id, out var waiters))
        {
            waiters.Changed();
        }
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

        internal Subscription(RunSignals signals, long runId, Waiters waiters)
        {
            _signals = signals;
            _runId = runId;
            _waiters = waiters;
            _next = waiters.Next;
        }

        /// <summary>
        /// Waits for a change since the last call (or since the subscription), at most so long. A change between two calls is not missed.
        /// </summary>
        public async Task WaitAsync(TimeSpan longest, TimeProvider time, CancellationToken cancellationToken)
        {
            try
            {
                await _next.WaitAsync(longest, time, cancellationToken).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                // The time is over; the caller looks for itself.
            }

            _next = _waiters.Next;
        }

        /// <inheritdoc/>
        public void Dispose() => _signals.Leave(_runId, _waiters);
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

        public void Changed()
        {
            TaskCompletionSource done;
            lock (_gate)
            {
                done = _next;
                _next = New();
            }

            done.TrySetResult();
        }

        private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
