using System.Data.Common;

namespace Ascob.Server.Persistence.Writing;

/// <summary>An operation that is one command with one result, so that many of them travel to a database server in one message.</summary>
internal interface IBatchedOperation
{
    /// <summary>Adds the command.</summary>
    void AddTo(DbBatch batch);

    /// <summary>Keeps the command's result; the reader stands before its first row.</summary>
    ValueTask ReadAsync(DbDataReader reader);
}
