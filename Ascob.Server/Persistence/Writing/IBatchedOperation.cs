using System.Data.Common;

namespace Ascob.Server.Persistence.Writing;

/// <summary>An operation that is one command with one result row, so that many of them travel to a database server in one message.</summary>
internal interface IBatchedOperation
{
    /// <summary>Adds the command.</summary>
    void AddTo(DbBatch batch);

    /// <summary>Keeps the result from the command's only row.</summary>
    void ReadResult(DbDataReader reader);
}
