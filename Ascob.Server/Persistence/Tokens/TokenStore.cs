using System.Data.Common;
using System.Text.Json;
using Ascob.Core.Access;
using Ascob.Core.Timing;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Tokens;

/// <summary>The memory of issued tokens.</summary>
internal sealed class TokenStore(Database database, IStoreWriter writer, MonotonicClock clock) : ITokenStore
{
    private const string Columns = "identifier, token_id, secret_hash, authorities, submitters, created_at, created_by, expires_at";

    private readonly SqlStatement _insert = database.Dialect.Statement(
        $"INSERT INTO tokens ({Columns}) VALUES (@identifier, @token_id, @secret_hash, @authorities, @submitters, @created_at, @created_by, @expires_at)");

    private readonly SqlStatement _taken = database.Dialect.Statement(
        "SELECT 1 FROM tokens WHERE identifier = @identifier AND (expires_at IS NULL OR expires_at > @now)");

    private readonly SqlStatement _delete = database.Dialect.Statement("DELETE FROM tokens WHERE identifier = @identifier");

    private readonly SqlStatement _deleteExpired = database.Dialect.Statement("DELETE FROM tokens WHERE expires_at <= @now");

    private readonly SqlStatement _find = database.Dialect.Statement($"SELECT {Columns} FROM tokens WHERE token_id = @token_id");

    private readonly SqlStatement _list = database.Dialect.Statement($"SELECT {Columns} FROM tokens ORDER BY identifier");

    public async Task<bool> TryAddAsync(TokenRecord token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        try
        {
            return await WriteAsync((session, stop) => InsertAsync(session, token, replaces: false, stop), cancellationToken);
        }
        catch (DbException e) when (database.Dialect.IsDuplicate(e))
        {
            return false;
        }
    }

    public Task ReplaceAsync(TokenRecord token, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(token);
        return WriteAsync((session, stop) => InsertAsync(session, token, replaces: true, stop), cancellationToken);
    }

    public Task<TokenRecord?> FindAsync(string tokenId, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            var command = session.Command(_find);
            command.Args.Text("token_id", tokenId);
            return command.FirstAsync(Read, cancellationToken);
        },
        cancellationToken);

    public async Task<bool> DeleteAsync(string identifier, CancellationToken cancellationToken) => await WriteAsync(
        async (session, stop) =>
        {
            var command = session.Command(_delete);
            command.Args.Text("identifier", identifier);
            return await command.ExecuteAsync(stop);
        },
        cancellationToken) > 0;

    public async Task<IReadOnlyList<TokenRecord>> ListAsync(CancellationToken cancellationToken) =>
        await database.ReadAsync(session => session.Command(_list).ListAsync(Read, cancellationToken), cancellationToken);

    public Task<int> DeleteExpiredAsync(DateTimeOffset now, CancellationToken cancellationToken) => WriteAsync(
        async (session, stop) =>
        {
            var command = session.Command(_deleteExpired);
            command.Args.Time("now", now);
            return await command.ExecuteAsync(stop);
        },
        cancellationToken);

    private async Task<bool> InsertAsync(DbSession session, TokenRecord token, bool replaces, CancellationToken cancellationToken)
    {
        if (!replaces)
        {
            var taken = session.Command(_taken);
            taken.Args.Text("identifier", token.Identifier).Time("now", clock.Now);
            if (await taken.FirstAsync(_ => true, cancellationToken))
            {
                return false;
            }
        }

        var delete = session.Command(_delete);
        delete.Args.Text("identifier", token.Identifier);
        await delete.ExecuteAsync(cancellationToken);
        var insert = session.Command(_insert);
        insert.Args.Text("identifier", token.Identifier)
            .Text("token_id", token.TokenId)
            .Bytes("secret_hash", token.SecretHash)
            .Text("authorities", JsonSerializer.Serialize(token.Authorities, StoreJson.Relaxed.IReadOnlyListString))
            .Text("submitters", token.Submitters is null ? null : JsonSerializer.Serialize(token.Submitters, StoreJson.Relaxed.IReadOnlyListString))
            .Time("created_at", token.CreatedAt)
            .Text("created_by", token.CreatedBy)
            .Time("expires_at", token.ExpiresAt);
        await insert.ExecuteAsync(cancellationToken);
        return true;
    }

    private static TokenRecord Read(DbDataReader row) => new(
        row.GetString(0),
        row.GetString(1),
        row.GetFieldValue<byte[]>(2),
        JsonSerializer.Deserialize(row.GetString(3), StoreJson.Relaxed.IReadOnlyListString) ?? [],
        RunColumns.Text(row, 4) is { } submitters ? JsonSerializer.Deserialize(submitters, StoreJson.Relaxed.IReadOnlyListString) : null,
        UtcMicroseconds.To(row.GetInt64(5)),
        row.GetString(6),
        RunColumns.Time(row, 7));

    private Task<T> WriteAsync<T>(Func<DbSession, CancellationToken, Task<T>> write, CancellationToken cancellationToken) =>
        writer.WriteAsync(new DelegateOperation<T>(write), cancellationToken);
}
