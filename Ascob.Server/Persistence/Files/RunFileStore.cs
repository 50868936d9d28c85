using System.Buffers;
using System.Data.Common;
using System.Security.Cryptography;
using Ascob.Core.Errors;
using Ascob.Core.Files;
using Ascob.Core.Timing;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Files;

/// <summary>
/// Input files of runs under <c>files/</c> of the data directory. The names they are given never touch the file system; a row says which generated name is whose.
/// </summary>
internal sealed class RunFileStore : IRunFileStore
{
    private const string Columns = "run_id, name, stored_name, size, sha256, created_at";

    private readonly Database _database;
    private readonly IStoreWriter _writer;
    private readonly MonotonicClock _clock;
    private readonly string _directory;
    private readonly long _maxBytes;
    private readonly SqlStatement _list;
    private readonly SqlStatement _find;
    private readonly SqlStatement _insert;
    private readonly SqlStatement _delete;
    private readonly SqlStatement _deleteAll;
    private readonly SqlStatement _isUsed;

    public RunFileStore(Database database, IStoreWriter writer, MonotonicClock clock, DatabaseSettings settings, RunFileLimits limits)
    {
        _database = database;
        _writer = writer;
        _clock = clock;
        _maxBytes = limits.MaxFileBytes;
        _directory = Path.Combine(settings.DataDirectory, "files");
        var dialect = database.Dialect;
        _list = dialect.Statement($"SELECT {Columns} FROM run_files WHERE run_id = @id ORDER BY name");
        _find = dialect.Statement($"SELECT {Columns} FROM run_files WHERE run_id = @id AND name = @name");
        _insert = dialect.Statement($"INSERT INTO run_files ({Columns}) VALUES (@id, @name, @stored_name, @size, @sha256, @created_at)");
        _delete = dialect.Statement("DELETE FROM run_files WHERE run_id = @id AND name = @name");
        _deleteAll = dialect.Statement("DELETE FROM run_files WHERE run_id = @id");
        _isUsed = dialect.Statement("SELECT 1 FROM run_files WHERE stored_name = @stored_name");
    }

    public async Task<Result<RunFile>> SaveAsync(long runId, string name, Stream content, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(content);
        Directory.CreateDirectory(_directory);
        var storedName = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var path = PathOf(storedName);
        var partial = path + ".part";
        var kept = false;
        try
        {
            if (await WriteAsync(partial, content, cancellationToken) is not { } written)
            {
                return new Error(ErrorKind.TooLarge, "file.too_large", $"The file is larger than {_maxBytes} bytes.");
            }

            File.Move(partial, path);
            var row = new FileRow(runId, name, storedName, written.Size, written.Sha256, _clock.Now);
            var replaced = await _writer.WriteAsync(new DelegateOperation<string?>((session, stop) => ReplaceAsync(session, row, stop)), cancellationToken);
            kept = true;
            await DeleteUnusedAsync(replaced is null ? [] : [replaced], cancellationToken);
            return ToFile(row);
        }
        catch (StoreUnavailableException e)
        {
            // A file without a row is litter; a row without its file would be a broken promise.
            kept = e.OutcomeUnknown;
            throw;
        }
        catch (IOException e)
        {
            throw new StoreUnavailableException($"The file cannot be stored now: {e.Message}", e);
        }
        finally
        {
            File.Delete(partial);
            if (!kept)
            {
                File.Delete(path);
            }
        }
    }

    public async Task<IReadOnlyList<RunFile>> ListAsync(long runId, CancellationToken cancellationToken) =>
        [.. (await RowsAsync(runId, cancellationToken)).OrderBy(r => r.Name, StringComparer.Ordinal).Select(ToFile)];

    public async Task<Stream?> OpenAsync(long runId, string name, CancellationToken cancellationToken)
    {
        var row = await _database.ReadAsync(session => FindAsync(session, runId, name, cancellationToken), cancellationToken);
        return row is not null && File.Exists(PathOf(row.StoredName))
            ? new FileStream(PathOf(row.StoredName), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 65536, FileOptions.Asynchronous | FileOptions.SequentialScan)
            : null;
    }

    public Task ShareAsync(long fromRunId, long toRunId, CancellationToken cancellationToken) => _writer.WriteAsync(
        new DelegateOperation<bool>(async (session, stop) =>
        {
            var list = session.Command(_list);
            list.Args.Long("id", fromRunId);
            foreach (var row in await list.ListAsync(Read, stop))
            {
                if (await FindAsync(session, toRunId, row.Name, stop) is null)
                {
                    await InsertAsync(session, row with { RunId = toRunId }, stop);
                }
            }

            return true;
        }),
        cancellationToken);

    public async Task DeleteAsync(long runId, CancellationToken cancellationToken)
    {
        var rows = await RowsAsync(runId, cancellationToken);
        if (rows.Count == 0)
        {
            return;
        }

        await _writer.WriteAsync(
            new DelegateOperation<int>((session, stop) =>
            {
                var delete = session.Command(_deleteAll);
                delete.Args.Long("id", runId);
                return delete.ExecuteAsync(stop);
            }),
            cancellationToken);
        await DeleteUnusedAsync([.. rows.Select(r => r.StoredName)], cancellationToken);
    }

    private async Task<(long Size, string Sha256)?> WriteAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(81920);
        try
        {
            var size = 0L;
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
            {
                size += read;
                if (size > _maxBytes)
                {
                    return null;
                }

                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            file.Flush(flushToDisk: true);
            return (size, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task<string?> ReplaceAsync(DbSession session, FileRow row, CancellationToken cancellationToken)
    {
        var replaced = await FindAsync(session, row.RunId, row.Name, cancellationToken);
        if (replaced is not null)
        {
            var delete = session.Command(_delete);
            delete.Args.Long("id", row.RunId).Text("name", row.Name);
            await delete.ExecuteAsync(cancellationToken);
        }

        await InsertAsync(session, row, cancellationToken);
        return replaced?.StoredName;
    }

    private async Task InsertAsync(DbSession session, FileRow row, CancellationToken cancellationToken)
    {
        var insert = session.Command(_insert);
        insert.Args.Long("id", row.RunId)
            .Text("name", row.Name)
            .Text("stored_name", row.StoredName)
            .Long("size", row.Size)
            .Text("sha256", row.Sha256)
            .Time("created_at", row.CreatedAt);
        await insert.ExecuteAsync(cancellationToken);
    }

    private async Task DeleteUnusedAsync(IReadOnlyList<string> storedNames, CancellationToken cancellationToken)
    {
        foreach (var storedName in storedNames)
        {
            var used = await _database.ReadAsync(
                session =>
                {
                    var command = session.Command(_isUsed);
                    command.Args.Text("stored_name", storedName);
                    return command.FirstAsync(_ => true, cancellationToken);
                },
                cancellationToken);
            if (!used)
            {
                File.Delete(PathOf(storedName));
            }
        }
    }

    private async Task<FileRow?> FindAsync(DbSession session, long runId, string name, CancellationToken cancellationToken)
    {
        var command = session.Command(_find);
        command.Args.Long("id", runId).Text("name", name);
        return await command.FirstAsync(Read, cancellationToken);
    }

    private Task<List<FileRow>> RowsAsync(long runId, CancellationToken cancellationToken) => _database.ReadAsync(
        session =>
        {
            var command = session.Command(_list);
            command.Args.Long("id", runId);
            return command.ListAsync(Read, cancellationToken);
        },
        cancellationToken);

    private RunFile ToFile(FileRow row) => new(row.Name, row.Size, row.Sha256, PathOf(row.StoredName));

    private string PathOf(string storedName) => Path.Combine(_directory, storedName);

    private static FileRow Read(DbDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), UtcMicroseconds.To(row.GetInt64(5)));

    private sealed record FileRow(long RunId, string Name, string StoredName, long Size, string Sha256, DateTimeOffset CreatedAt);
}
