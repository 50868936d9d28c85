using System.Data.Common;
using System.Text.Json;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Files;
using Ascob.Server.Persistence.Notifications;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Runs;

/// <summary>Stores a new run with all that belongs to it. Answers false where its idempotency key is there already; then nothing was stored.</summary>
internal sealed class AddRun(RunSql sql, NewRun added) : WriteOperation<bool>, IBatchedOperation
{
    private readonly RunDocuments _documents = RunDocuments.OfNew(added.Run);
    private readonly string? _locks = WantsLocks(added) ? LockRequests.ToJson(sql.Dialect, added.Locks) : null;
    private readonly AddParts _parts = PartsOf(added, WantsLocks(added));
    private Notice? _notice;
    private bool _noticeDecided;

    public long RunId => added.Run.Id;

    public bool HasKey => added.IdempotencyKey is not null;

    /// <summary>Gets whether the run, its event and its key are all there is to store.</summary>
    public bool IsPlain => (_parts & ~AddParts.Key) == AddParts.None;

    /// <summary>Gets whether somebody may want to be told of it.</summary>
    public bool HasNotice => Notice is not null;

    // Decided when it is written and not when it was asked for: in between there may have been a wait, and a new subscription.
    private Notice? Notice
    {
        get
        {
            if (!_noticeDecided)
            {
                _notice = sql.Interest?.NoticeOf(added.Run, added.Event);
                _noticeDecided = true;
            }

            return _notice;
        }
    }

    public void AddTo(DbBatch batch) => Bind(Statement().AddTo(batch));

    public async ValueTask ReadAsync(DbDataReader reader) => Result = await reader.ReadAsync() && reader.GetInt32(0) == 1;

    /// <summary>Keeps the result of a statement that stored this run with others.</summary>
    public void Keep(bool stored) => Result = stored;

    /// <summary>Stores it as part of a larger change; false where its idempotency key is there already.</summary>
    public async Task<bool> StoreAsync(DbSession session, CancellationToken cancellationToken)
    {
        await ExecuteAsync(session, repeated: false, cancellationToken);
        return Result;
    }

    public override async ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken)
    {
        if (repeated && await IsStoredAsync(session, cancellationToken))
        {
            Result = true;
            return;
        }

        _noticeDecided = false;

        if (sql is SqliteRunSql sqlite)
        {
            Result = await ExecuteStepsAsync(sqlite, session, cancellationToken);
            return;
        }

        var command = session.Command(Statement());
        Bind(command.Args);
        Result = await command.FirstAsync(r => r.GetInt32(0), cancellationToken) == 1;
    }

    private async Task<bool> IsStoredAsync(DbSession session, CancellationToken cancellationToken)
    {
        var command = session.Command(sql.FindMarker);
        command.Args.Long("id", added.Run.Id);
        return await command.FirstAsync(r => r.GetString(0), cancellationToken) == added.Run.MarkerId;
    }

    private async Task<bool> ExecuteStepsAsync(SqliteRunSql sqlite, DbSession session, CancellationToken cancellationToken)
    {
        if (added.IdempotencyKey is not null)
        {
            var key = session.Command(sqlite.InsertKey);
            BindKey(key.Args.Long("id", added.Run.Id).Time("defined_at", added.Run.DefinedAt));
            if (await key.ExecuteAsync(cancellationToken) == 0)
            {
                return false;
            }
        }

        var run = session.Command(sqlite.InsertRun);
        RunColumns.BindNew(run.Args, added.Run, _documents);
        await run.ExecuteAsync(cancellationToken);
        var created = session.Command(sqlite.InsertEvent);
        EventColumns.Bind(created.Args, added.Event, 0);
        await created.ExecuteAsync(cancellationToken);
        if (Notice is not null)
        {
            var notice = session.Command(sqlite.InsertNotice);
            NoticeColumns.Bind(notice.Args.Long("id", added.Run.Id).Long("version", added.Event.Seq).Time("at_time", added.Event.At), Notice);
            await notice.ExecuteAsync(cancellationToken);
        }

        if (added.Run.Spec.Labels is { Count: > 0 } labels)
        {
            var label = session.Command(sqlite.InsertLabel);
            label.Args.Long("id", added.Run.Id);
            foreach (var (name, value) in labels)
            {
                label.Args.Text("label_key", name).Text("label_value", value);
                await label.ExecuteAsync(cancellationToken);
            }
        }

        await AddFilesAsync(sqlite, session, cancellationToken);
        if (_locks is not null)
        {
            await LockRequests.InsertAsync(sqlite, session, added.Run.Id, added.Run.DefinedAt, added.Locks, cancellationToken);
        }

        return true;
    }

    private async Task AddFilesAsync(SqliteRunSql sqlite, DbSession session, CancellationToken cancellationToken)
    {
        foreach (var file in added.Files)
        {
            var insert = session.Command(sqlite.InsertFile);
            RunFileRow.Of(added.Run.Id, file, added.Run.DefinedAt).Bind(insert.Args);
            await insert.ExecuteAsync(cancellationToken);
        }

        if (added.SharesFilesOf is { } source)
        {
            var share = session.Command(sqlite.ShareFiles);
            share.Args.Long("id", added.Run.Id).Long("source", source);
            await share.ExecuteAsync(cancellationToken);
        }
    }

    private SqlStatement Statement() => sql.Add(_parts | (HasNotice ? AddParts.Notice : AddParts.None));

    private static bool WantsLocks(NewRun added) => added.Run.Status == RunStatus.WaitingLocks && added.Locks.Count > 0;

    private static AddParts PartsOf(NewRun added, bool withLocks) =>
        (added.IdempotencyKey is null ? AddParts.None : AddParts.Key)
        | (withLocks ? AddParts.Locks : AddParts.None)
        | (added.Files.Count > 0 ? AddParts.Files : AddParts.None)
        | (added.SharesFilesOf is null ? AddParts.None : AddParts.SharedFiles);

    private static string FilesJson(NewRun added) =>
        JsonSerializer.Serialize(added.Files.Select(f => new StoredFile(f.Name, f.StoredName, f.Size, f.Sha256)).ToList(), StoreJson.Relaxed.ListStoredFile);

    public void Bind(SqlArgs args)
    {
        RunColumns.BindNew(args, added.Run, _documents);
        EventColumns.Bind(args, added.Event, 0);
        NoticeColumns.Bind(args, Notice);
        args.Text("labels", LabelsJson())
            .Text("locks", _locks)
            .Time("requested_at", added.Run.DefinedAt)
            .Text("files", added.Files.Count > 0 ? FilesJson(added) : null)
            .Long("source", added.SharesFilesOf);
        BindKey(args);
    }

    private void BindKey(SqlArgs args)
    {
        if (added.IdempotencyKey is { } key)
        {
            args.Text("scope", key.Scope).Text("idem_key", key.Key).Text("body_hash", key.BodyHash);
        }
    }

    private string LabelsJson()
    {
        if (added.Run.Spec.Labels is not { Count: > 0 } labels)
        {
            return "{}";
        }

        return JsonSerializer.Serialize(
            sql.Dialect.Provider == DatabaseProvider.SqlServer
                ? labels.ToDictionary(l => sql.Dialect.EncodeKey(l.Key), l => sql.Dialect.EncodeLabelValue(l.Value), StringComparer.Ordinal)
                : labels,
            StoreJson.Relaxed.IReadOnlyDictionaryStringString);
    }
}
