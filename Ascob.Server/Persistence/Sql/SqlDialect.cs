using System.Data;
using System.Data.Common;

namespace Ascob.Server.Persistence.Sql;

/// <summary>What differs between the three databases outside of the statements themselves.</summary>
internal abstract class SqlDialect
{
    public abstract DatabaseProvider Provider { get; }

    /// <summary>Gets whether parameters are written <c>$1</c> instead of <c>@name</c>.</summary>
    public virtual bool NumbersParameters => false;

    /// <summary>Gets whether sessions and their prepared commands are kept here instead of in the driver's pool.</summary>
    public virtual bool KeepsConnections => false;

    /// <summary>Gets whether a batch sent without a transaction is one transaction by itself, which saves two round trips.</summary>
    public virtual bool BatchIsTransaction => false;

    /// <summary>Gets the text that ends a query after so many rows; empty where the query starts with <see cref="Top"/>.</summary>
    public virtual string Limit => " LIMIT @limit";

    /// <summary>Gets what stands after SELECT to bound the rows.</summary>
    public virtual string Top => string.Empty;

    /// <summary>Gets the expression for the present in microseconds, by the clock of the database: the clocks of servers may be minutes apart.</summary>
    public abstract string Now { get; }

    /// <summary>Gets the hint that keeps others from changing the selected row until the end of the transaction, at the end of the query.</summary>
    public virtual string ForUpdate => string.Empty;

    /// <summary>Gets the same as a table hint.</summary>
    public virtual string UpdateLock => string.Empty;

    public abstract Task<DbConnection> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Opens a connection whose statements are planned for their values and not once for all values.</summary>
    public virtual Task<DbConnection> OpenPlannedAsync(CancellationToken cancellationToken) => OpenAsync(cancellationToken);

    public abstract DbParameter CreateParameter(string? name);

    public virtual void SetParameter(DbParameter parameter, DbType type, object value)
    {
        parameter.DbType = type;
        parameter.Value = value;
    }

    /// <summary>Makes a key that this database compares byte by byte.</summary>
    public virtual string EncodeKey(string key) => key;

    /// <summary>Reads what <see cref="EncodeKey"/> made.</summary>
    public virtual string DecodeKey(string stored) => stored;

    /// <summary>Makes the value of a label as this database indexes it: equal where the values are equal, whatever their length.</summary>
    public virtual string EncodeLabelValue(string value) => value;

    /// <summary>Answers whether the database cannot take or answer this now.</summary>
    public abstract bool IsUnavailable(Exception exception);

    /// <summary>Answers whether the database gave up one of several transactions that stood in each other's way: the same again will do.</summary>
    public virtual bool IsContention(Exception exception) => false;

    /// <summary>Answers whether the server itself refused the statement, so that nothing of its transaction was stored.</summary>
    public abstract bool IsServerRefusal(Exception exception);

    /// <summary>Answers whether a unique key stood in the way.</summary>
    public abstract bool IsDuplicate(Exception exception);

    /// <summary>Gets what is told of every statement that is made; a test has them parsed.</summary>
    public Action<string>? OnStatement { get; init; }

    /// <summary>Makes a statement of this dialect.</summary>
    public SqlStatement Statement(string template)
    {
        OnStatement?.Invoke(template);
        return new SqlStatement(this, template);
    }
}
