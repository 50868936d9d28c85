using System.Data.Common;
using System.Security.Cryptography;
using Ascob.Core.Jobs;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Notifications;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Runs;

/// <summary>Changes a run whose version is still the expected one, with its event and the consequences for locks and slots.</summary>
internal sealed class ApplyChange : WriteOperation<ApplyOutcome>, IBatchedOperation
{
    private readonly RunSql _sql;
    private readonly RunChange _change;
    private readonly IReadOnlyList<LockSpec> _locks;
    private readonly ApplyParts _parts;
    private readonly RunDocuments _documents;
    private Notice? _notice;
    private bool _noticeDecided;
    private readonly long _changeId = BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    public ApplyChange(RunSql sql, RunChange change, IReadOnlyList<LockSpec>? locks)
    {
        _sql = sql;
        _change = change;
        _locks = change.After.Status == RunStatus.WaitingLocks && locks is not null ? locks : [];
        _parts = PartsOf(change, _locks);
        _documents = RunDocuments.OfChange(change);
    }

    public long RunId => _change.Before.Id;

    /// <summary>Gets whether the run and its event are all that changes.</summary>
    public bool IsPlain => _parts == ApplyParts.None;

    /// <summary>Gets whether somebody may want to be told of it.</summary>
    public bool HasNotice => Notice is not null;

    /// <summary>Gets the outcome of the last execution.</summary>
    public ApplyOutcome Outcome => Result;

    public override string LockOrder => (_parts & (ApplyParts.TakesSlot | ApplyParts.GivesSlot)) == 0 ? string.Empty : _change.After.BackendId ?? string.Empty;

    // Decided when it is written and not when it was asked for: in between there may have been a wait, and a new subscription.
    private Notice? Notice
    {
        get
        {
            if (!_noticeDecided)
            {
                _notice = _sql.Interest?.NoticeOf(_change.After, _change.Event);
                _noticeDecided = true;
            }

            return _notice;
        }
    }

    public void AddTo(DbBatch batch) => Bind(Statement().AddTo(batch));

    public async ValueTask ReadAsync(DbDataReader reader) => Result = ToOutcome(await reader.ReadAsync() ? reader.GetInt32(0) : 0);

    /// <summary>Keeps the result of a statement that made this change with others.</summary>
    public void Keep(ApplyOutcome outcome) => Result = outcome;

    public override async ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken)
    {
        _noticeDecided = false;
        if (_sql is SqliteRunSql sqlite)
        {
            Result = await ExecuteStepsAsync(sqlite, session, cancellationToken);
            return;
        }

        var command = session.Command(Statement());
        Bind(command.Args);
        Result = ToOutcome(await command.FirstAsync(r => r.GetInt32(0), cancellationToken));
        if (repeated && Result == ApplyOutcome.Conflict && await IsMineAsync(session, cancellationToken))
        {
            Result = ApplyOutcome.Applied;
        }
    }

    private SqlStatement Statement() => _sql.Apply(_parts | (HasNotice ? ApplyParts.Notice : ApplyParts.None));

    private static ApplyOutcome ToOutcome(int answer) => answer switch
    {
        2 => ApplyOutcome.Applied,
        1 => ApplyOutcome.NoCapacity,
        _ => ApplyOutcome.Conflict,
    };

    private static ApplyParts PartsOf(RunChange change, IReadOnlyList<LockSpec> locks)
    {
        var parts = ApplyParts.None;
        var moves = change.Before.HoldsSlot && change.Before.BackendId != change.After.BackendId;
        if (change.TakesSlotOf is not null && (!change.Before.HoldsSlot || moves))
        {
            parts |= ApplyParts.TakesSlot;
        }

        if (change.Before.HoldsSlot && change.Before.BackendId is not null && (!change.After.HoldsSlot || change.Finishes || moves))
        {
            parts |= ApplyParts.GivesSlot;
        }

        if (change.Finishes && change.Before.Spec.HasLocks)
        {
            parts |= ApplyParts.DropsLocks;
        }

        return locks.Count > 0 ? parts | ApplyParts.AddsLocks : parts;
    }

    private async Task<bool> IsMineAsync(DbSession session, CancellationToken cancellationToken)
    {
        var command = session.Command(_sql.FindChange);
        command.Args.Long("id", _change.After.Id).Long("version", _change.After.Version);
        return await command.FirstAsync(r => r.GetInt64(0), cancellationToken) == _changeId;
    }

    /// <summary>Nothing is written before it is certain that all of it will be, since a batch has no way back for one of its changes.</summary>
    private async Task<ApplyOutcome> ExecuteStepsAsync(SqliteRunSql sql, DbSession session, CancellationToken cancellationToken)
    {
        if (_parts.HasFlag(ApplyParts.TakesSlot))
        {
            var version = session.Command(sql.FindVersion);
            version.Args.Long("id", _change.Before.Id);
            if (await version.FirstAsync(r => r.GetInt64(0), cancellationToken) != _change.Before.Version)
            {
                return ApplyOutcome.Conflict;
            }

            var take = session.Command(sql.TakeSlot);
            take.Args.Text("slot", _change.After.BackendId).Long("slot_max", _change.TakesSlotOf);
            if (await take.ExecuteAsync(cancellationToken) == 0)
            {
                return ApplyOutcome.NoCapacity;
            }
        }

        var update = session.Command(sql.UpdateRun);
        Bind(update.Args);
        if (await update.ExecuteAsync(cancellationToken) == 0)
        {
            return ApplyOutcome.Conflict;
        }

        var added = session.Command(sql.InsertEvent);
        EventColumns.Bind(added.Args, _change.Event, _changeId);
        await added.ExecuteAsync(cancellationToken);
        if (Notice is not null)
        {
            var notice = session.Command(sql.InsertNotice);
            NoticeColumns.Bind(notice.Args.Long("id", _change.After.Id).Long("version", _change.Event.Seq).Time("at_time", _change.Event.At), Notice);
            await notice.ExecuteAsync(cancellationToken);
        }

        await ExecuteConsequencesAsync(sql, session, cancellationToken);
        return ApplyOutcome.Applied;
    }

    private async Task ExecuteConsequencesAsync(SqliteRunSql sql, DbSession session, CancellationToken cancellationToken)
    {
        if (_parts.HasFlag(ApplyParts.GivesSlot))
        {
            var give = session.Command(sql.GiveSlot);
            give.Args.Text("slot", _change.Before.BackendId);
            await give.ExecuteAsync(cancellationToken);
        }

        if (_parts.HasFlag(ApplyParts.DropsLocks))
        {
            var drop = session.Command(sql.DeleteFrom("lock_requests", 1));
            drop.Args.Long("id0", _change.Before.Id);
            await drop.ExecuteAsync(cancellationToken);
        }

        if (_parts.HasFlag(ApplyParts.AddsLocks))
        {
            await LockRequests.InsertAsync(sql, session, _change.After.Id, _change.Event.At, _locks, cancellationToken);
        }
    }

    public void Bind(SqlArgs args)
    {
        RunColumns.BindChanging(args, _change.After, _documents);
        EventColumns.Bind(args, _change.Event, _changeId);
        NoticeColumns.Bind(args, Notice);
        var leaseChanges = _change.Before.LeaseOwner != _change.After.LeaseOwner || _change.Before.LeaseUntil != _change.After.LeaseUntil;
        args.Long("before", _change.Before.Version)
            .Int("lease_changes", leaseChanges ? 1 : 0)
            .Text("slot", _change.After.BackendId)
            .Long("slot_max", _change.TakesSlotOf)
            .Text("old_slot", _change.Before.BackendId)
            .Text("locks", _locks.Count > 0 ? LockRequests.ToJson(_sql.Dialect, _locks) : null)
            .Time("requested_at", _change.Event.At);
    }
}
