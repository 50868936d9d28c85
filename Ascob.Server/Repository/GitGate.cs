namespace Ascob.Server.Repository;

/// <summary>Lets one call at a time through. One that does not come back can be abandoned, so that the next need not wait for it; only so many at once, for each holds a thread.</summary>
/// <param name="mostAbandoned">How many may be abandoned at once.</param>
internal sealed class GitGate(int mostAbandoned) : IDisposable
{
    private readonly SemaphoreSlim _free = new(1);
    private readonly Lock _gate = new();
    private readonly int _most = mostAbandoned;
    private int _abandoned;

    /// <summary>Waits for a turn; null where none came in time.</summary>
    public async Task<Turn?> EnterAsync(TimeSpan longest, CancellationToken cancellationToken) => await _free.WaitAsync(longest, cancellationToken) ? new Turn(this) : null;

    public void Dispose() => _free.Dispose();

    /// <summary>A call that is under way.</summary>
    internal sealed class Turn(GitGate owner)
    {
        private bool _ended;
        private bool _isAbandoned;

        /// <summary>The call has come back.</summary>
        public void End()
        {
            lock (owner._gate)
            {
                _ended = true;
                if (_isAbandoned)
                {
                    owner._abandoned--;
                    return;
                }
            }

            owner._free.Release();
        }

        /// <summary>Nobody waits for the call any more; the next may begin, unless too many hang already.</summary>
        public void Abandon()
        {
            lock (owner._gate)
            {
                if (_ended || _isAbandoned || owner._abandoned >= owner._most)
                {
                    return;
                }

                _isAbandoned = true;
                owner._abandoned++;
            }

            owner._free.Release();
        }
    }
}
