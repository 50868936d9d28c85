using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Writing;

/// <summary>A rare change, written as a function. It must not rely on an earlier call having been rolled back without a trace in memory.</summary>
internal sealed class DelegateOperation<T>(Func<DbSession, CancellationToken, Task<T>> execute) : WriteOperation<T>
{
    public override async ValueTask ExecuteAsync(DbSession session, bool repeated, CancellationToken cancellationToken) =>
        Result = await execute(session, cancellationToken);
}
