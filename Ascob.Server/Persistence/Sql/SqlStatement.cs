using System.Data.Common;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;

namespace Ascob.Server.Persistence.Sql;

/// <summary>One SQL text of one dialect, written with <c>@name</c> parameters and kept for the life of the process, so that commands can be prepared once.</summary>
internal sealed partial class SqlStatement
{
    private readonly SqlDialect _dialect;
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly string[] _names;
    private int _expected;

    public SqlStatement(SqlDialect dialect, string template)
    {
        _dialect = dialect;
        var names = new List<string>();
        var positional = ParameterNames().Replace(template, match =>
        {
            var name = match.Groups[1].Value;
            if (!_index.TryGetValue(name, out var index))
            {
                index = names.Count;
                names.Add(string.Intern(name));
                _index.Add(name, index);
            }

            return $"${index + 1}";
        });
        _names = [.. names];
        // Npgsql rewrites named parameters on every execution; numbered ones it sends as they are.
        Text = dialect.NumbersParameters ? positional : template;
    }

    public string Text { get; }

    /// <summary>Gets the number of parameters.</summary>
    public int Count => _names.Length;

    private bool AnswersRows => Text.StartsWith("SELECT", StringComparison.Ordinal) || Text.Contains("RETURNING", StringComparison.Ordinal);

    public int IndexOf(string name)
    {
        // Values come mostly in the order of the names; a wrong guess, also by a race, costs only the search.
        var guess = _expected;
        if (guess < _names.Length && ReferenceEquals(_names[guess], name))
        {
            _expected = guess + 1;
            return guess;
        }

        if (!_index.TryGetValue(name, out var index))
        {
            return -1;
        }

        _expected = index + 1;
        return index;
    }

    public SqlArgs AddTo(DbBatch batch)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = Text;
        AddParameters(command.Parameters);
        batch.BatchCommands.Add(command);
        return new SqlArgs(this, new DriverParameters(_dialect, command.Parameters));
    }

    public SqlCommand CreateCommand(DbConnection connection, DbTransaction? transaction)
    {
        if (connection is SqliteConnection sqlite && !AnswersRows)
        {
            return SqlitePrepared.Prepare(this, sqlite);
        }

        var command = connection.CreateCommand();
        command.CommandText = Text;
        command.Transaction = transaction;
        AddParameters(command.Parameters);
        return new DriverCommand(this, command, new DriverParameters(_dialect, command.Parameters));
    }

    private void AddParameters(DbParameterCollection parameters)
    {
        foreach (var name in _names)
        {
            parameters.Add(_dialect.CreateParameter(_dialect.NumbersParameters ? null : $"@{name}"));
        }
    }

    // Two at signs are T-SQL's own (@@ROWCOUNT), and names that start with an underscore are its variables.
    [GeneratedRegex(@"(?<!@)@([a-z][a-z0-9_]*)", RegexOptions.CultureInvariant)]
    private static partial Regex ParameterNames();
}
