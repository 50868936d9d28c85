using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Writing;

/// <summary>A change to be stored. It belongs to one caller, who is answered only after the commit.</summary>
internal abstract class WriteOperation
{
    private const int Waiting = 0;
    private const int Taken = 1;
    private const int GivenUp = 2;

    private int _state = Waiting;

    /// <summary>Gets where the operation stands in a batch: rows that several batches change are touched in the same order by all of them.</summary>
    public virtual string LockOrder => string.Empty;

    /// <summary>Gets whether it finds out by itself, when it is told that it is repeated, whether an earlier try was stored. Only such operations are sent again after an answer was lost.</summary>
    public virtual bool FindsItsTrace => this is IBatchedOperation;

    /// <summary>Makes the writer the only one who may answer; false where the caller has given up.</summary>
    public bool TryTake() => Interlocked.CompareExchange(ref _state, Taken, Waiting) == Waiting;

    /// <summary>Withdraws the operation; false where it is being written already.</summary>
    public bool TryGiveUp() => Interlocked.CompareExchange(ref _state, GivenUp, Waiting) == Waiting;

    /// <summary>Carries it out in the session's transaction and keeps the result; may be called again after a rollback.</summary>
    /// <param name="session">Where.</param>
    /// <param name="repeated">Whether an earlier call may have been committed although its answer was lost.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public abstract ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken);

    /// <summary>Answers the caller with the result of the last <see cref="ExecuteAsync"/>.</summary>
    public abstract void Complete();

    /// <summary>Answers the caller with a failure.</summary>
    public abstract void Fail(Exception exception);
}

/// <summary>A change to be stored, with its result.</summary>
internal abstract class WriteOperation<T> : WriteOperation
{
    private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Answer => _answer.Task;

    protected T Result { get; set; } = default!;

    public sealed override void Complete() => _answer.TrySetResult(Result);

    public sealed override void Fail(Exception exception) => _answer.TrySetException(exception);
}
