using Ascob.Core.Runs;

namespace Ascob.Server.Persistence.Sql;

/// <summary>
/// Sets the parameters of one statement by name, with their types, since PostgreSQL cannot guess the type of a null. A name that the statement does not
/// use is passed over, so that one binder serves the variants of a statement.
/// </summary>
internal readonly struct SqlArgs(SqlStatement statement, ISqlParameters parameters)
{
    public SqlArgs Long(string name, long? value)
    {
        var index = statement.IndexOf(name);
        if (index >= 0)
        {
            parameters.Long(index, value);
        }

        return this;
    }

    public SqlArgs Int(string name, int? value)
    {
        var index = statement.IndexOf(name);
        if (index >= 0)
        {
            parameters.Int(index, value);
        }

        return this;
    }

    public SqlArgs Double(string name, double? value)
    {
        var index = statement.IndexOf(name);
        if (index >= 0)
        {
            parameters.Double(index, value);
        }

        return this;
    }

    public SqlArgs Bool(string name, bool value)
    {
        var index = statement.IndexOf(name);
        if (index >= 0)
        {
            parameters.Bool(index, value);
        }

        return this;
    }

    public SqlArgs Text(string name, string? value)
    {
        var index = statement.IndexOf(name);
        if (index >= 0)
        {
            parameters.Text(index, value);
        }

        return this;
    }

    public SqlArgs Bytes(string name, byte[]? value)
    {
        var index = statement.IndexOf(name);
        if (index >= 0)
        {
            parameters.Bytes(index, value);
        }

        return this;
    }

    public SqlArgs Time(string name, DateTimeOffset? value) => Long(name, value is { } time ? UtcMicroseconds.From(time) : null);

    public SqlArgs Status(string name, RunStatus? value) => Text(name, value?.ToWire());
}
