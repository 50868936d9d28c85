using System.Globalization;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Server.Persistence.Contents;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Files;

/// <summary>
/// Input files of runs. The names they are given never touch the file system; a row says which generated name is whose. Rows that come with a new run are stored by
/// <see cref="AddRun"/>.
/// </summary>
internal sealed class RunFileStore : IRunFileStore
{
    private readonly Database _database;
    private readonly IStoreWriter _writer;
    private readonly MonotonicClock _clock;
    private readonly IContents _contents;
    private readonly long _maxBytes;
    private readonly SqlStatement _list;
    private readonly SqlStatement _find;
    private readonly SqlStatement _insert;
    private readonly SqlStatement _delete;
    private readonly SqlStatement _deleteAll;
    private readonly SqlStatement _isUsed;
    private readonly SqlStatement _statusOf;
    private readonly SqlStatement _countOf;

    private HashSet<string> _suspects = new(StringComparer.Ordinal);

    public RunFileStore(Database database, IStoreWriter writer, MonotonicClock clock, IContents contents, RunFileLimits limits)
    {
        _database = database;
        _writer = writer;
        _clock = clock;
        _maxBytes = limits.MaxFileBytes;
        _contents = contents;
        var dialect = database.Dialect;
        _list = dialect.Statement($"SELECT {RunFileRow.Columns} FROM run_files WHERE run_id = @id ORDER BY name");
        _find = dialect.Statement($"SELECT {RunFileRow.Columns} FROM run_files WHERE run_id = @id AND name = @name");
        _insert = dialect.Statement($"INSERT INTO run_files ({RunFileRow.Columns}) VALUES ({RunFileRow.Values})");
        _delete = dialect.Statement("DELETE FROM run_files WHERE run_id = @id AND name = @name");
        _deleteAll = dialect.Statement("DELETE FROM run_files WHERE run_id = @id");
        _isUsed = dialect.Statement("SELECT 1 FROM run_files WHERE stored_name = @stored_name UNION ALL SELECT 1 FROM run_outputs WHERE content_id = @stored_name");

        // Held until the commit, so that a start comes before it or after it, never in between.
        _countOf = dialect.Statement("SELECT COUNT(*) FROM run_files WHERE run_id = @id");
        _statusOf = dialect.Statement($"SELECT status FROM runs{dialect.UpdateLock} WHERE id = @id{dialect.ForUpdate}");
    }

    public async Task<Result<StagedFile>> StageAsync(string name, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        return await _contents.StageAsync(name, content, _maxBytes, cancellationToken) is { } staged
            ? staged
            : new Error(ErrorKind.TooLarge, "file.too_large", string.Create(CultureInfo.InvariantCulture, $"The file is larger than {_maxBytes} bytes."));
    }

    public async Task SettleAsync(IReadOnlyCollection<StagedFile> files, bool isCertain = true)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach (var file in files)
        {
            await _contents.SettleAsync(file.StoredName, isCertain);
        }
    }

    public async Task DiscardAsync(IReadOnlyCollection<StagedFile> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach (var file in files)
        {
            await _contents.DiscardAsync(file.StoredName);
        }
    }

    public async Task<Result<RunFile>> AttachAsync(long runId, StagedFile file, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(file);
        var row = RunFileRow.Of(runId, file, _clock.Now);
        try
        {
            // Not to be cancelled: nobody could say then whether the row was committed.
            var attached = await _writer.WriteAsync(new DelegateOperation<Attached>((session, stop) => AttachAsync(session, row, stop)), CancellationToken.None);
            if (attached.Refusal is not null)
            {
                return attached.Refusal;
            }

            await _contents.SettleAsync(file.StoredName, isCertain: true);
            await DeleteUnusedAsync(attached.Replaced is null ? [] : [attached.Replaced], cancellationToken);
            return ToFile(row);
        }
        catch (Exception e) when (e is not StoreUnavailableException { OutcomeUnknown: false })
        {
            // A row without its content would be a broken promise.
            await _contents.SettleAsync(file.StoredName, isCertain: false);
            throw;
        }
        finally
        {
            await _contents.DiscardAsync(file.StoredName);
        }
    }

    public async Task<IReadOnlyList<RunFile>> ListAsync(long runId, CancellationToken cancellationToken) =>
        [.. (await RowsAsync(runId, cancellationToken)).OrderBy(r => r.Name, StringComparer.Ordinal).Select(ToFile)];

    public async Task<Stream?> OpenAsync(long runId, string name, CancellationToken cancellationToken)
    {
        var row = await _database.ReadAsync(session => FindAsync(session, runId, name, cancellationToken), cancellationToken);
        return row is null ? null : await _contents.OpenAsync(row.StoredName, row.Size, cancellationToken);
    }

    public async Task<string> LocateAsync(long runId, string name, CancellationToken cancellationToken) =>
        await _database.ReadAsync(session => FindAsync(session, runId, name, cancellationToken), cancellationToken) is { } row
            ? await _contents.LocateAsync(new StagedFile(row.Name, row.StoredName, row.Size, row.Sha256), cancellationToken)
            : throw new FileNotFoundException($"Run {runId} has no file '{name}'.");

    public async Task DeleteAsync(long runId, CancellationToken cancellationToken)
    {
        var rows = await RowsAsync(runId, cancellationToken);
        if (rows.Count == 0)
        {
            return;
        }

        await _writer.WriteAsync(
            new DelegateOperation<int>(async (session, stop) =>
            {
                foreach (var row in rows)
                {
                    await _contents.MarkAsync(session, row.StoredName, stop);
                }

                var delete = session.Command(_deleteAll);
                delete.Args.Long("id", runId);
                return await delete.ExecuteAsync(stop);
            }),
            cancellationToken);
        await DeleteUnusedAsync([.. rows.Select(r => r.StoredName)], cancellationToken);
    }

    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        var swept = 0;
        var unused = new HashSet<string>(StringComparer.Ordinal);
        foreach (var storedName in await _contents.AbandonedAsync(cancellationToken))
        {
            if (await IsUsedAsync(storedName, cancellationToken))
            {
                await _contents.UnmarkAsync(storedName);
            }
            else if (_suspects.Contains(storedName))
            {
                await _contents.DeleteAsync(storedName);
                swept++;
            }
            else
            {
                unused.Add(storedName);
            }
        }

        _suspects = unused;
        return swept;
    }

    private async Task<Attached> AttachAsync(DbSession session, RunFileRow row, CancellationToken cancellationToken)
    {
        var find = session.Command(_statusOf);
        find.Args.Long("id", row.RunId);
        var status = await find.FirstAsync(r => (RunStatus?)RunColumns.Status(r.GetString(0)), cancellationToken);
        if (status is null)
        {
            return new Attached(Error.NoSuchRun(row.RunId), null);
        }

        if (status != RunStatus.Defined)
        {
            return new Attached(
                new Error(ErrorKind.Conflict, "run.not_defined", $"Run {row.RunId} became {status.Value.ToWire()} while the file came in; files are attached in DEFINED only."), null);
        }

        var replaced = await FindAsync(session, row.RunId, row.Name, cancellationToken);
        if (replaced is null && await CountAsync(session, row.RunId, cancellationToken) >= RunFileLimits.MostFiles)
        {
            return new Attached(Error.Invalid("fileId", $"The run has {RunFileLimits.MostFiles} files, which is the most."), null);
        }

        if (replaced is not null)
        {
            await _contents.MarkAsync(session, replaced.StoredName, cancellationToken);
            var delete = session.Command(_delete);
            delete.Args.Long("id", row.RunId).Text("name", row.Name);
            await delete.ExecuteAsync(cancellationToken);
        }

        var insert = session.Command(_insert);
        row.Bind(insert.Args);
        await insert.ExecuteAsync(cancellationToken);
        return new Attached(null, replaced?.StoredName);
    }

    private async Task<long> CountAsync(DbSession session, long runId, CancellationToken cancellationToken)
    {
        var count = session.Command(_countOf);
        count.Args.Long("id", runId);
        return await count.FirstAsync(r => Convert.ToInt64(r.GetValue(0), CultureInfo.InvariantCulture), cancellationToken);
    }

    private async Task DeleteUnusedAsync(IReadOnlyList<string> storedNames, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var storedName in storedNames)
            {
                if (await IsUsedAsync(storedName, cancellationToken))
                {
                    await _contents.UnmarkAsync(storedName);
                }
                else
                {
                    await _contents.DeleteAsync(storedName);
                }
            }
        }
        catch (StoreUnavailableException)
        {
            // What was asked for is done; the rest carries its mark, and the sweep comes by.
        }
    }

    private Task<bool> IsUsedAsync(string storedName, CancellationToken cancellationToken) => _database.ReadAsync(
        session =>
        {
            var command = session.Command(_isUsed);
            command.Args.Text("stored_name", storedName);
            return command.FirstAsync(_ => true, cancellationToken);
        },
        cancellationToken);

    private async Task<RunFileRow?> FindAsync(DbSession session, long runId, string name, CancellationToken cancellationToken)
    {
        var command = session.Command(_find);
        command.Args.Long("id", runId).Text("name", name);
        return await command.FirstAsync(RunFileRow.Read, cancellationToken);
    }

    private Task<List<RunFileRow>> RowsAsync(long runId, CancellationToken cancellationToken) => _database.ReadAsync(
        session =>
        {
            var command = session.Command(_list);
            command.Args.Long("id", runId);
            return command.ListAsync(RunFileRow.Read, cancellationToken);
        },
        cancellationToken);

    private static RunFile ToFile(RunFileRow row) => new(row.Name, row.Size, row.Sha256);

    /// <summary>What became of a content: a refusal, or the stored name of the one that it replaced.</summary>
    private sealed record Attached(Error? Refusal, string? Replaced);
}
