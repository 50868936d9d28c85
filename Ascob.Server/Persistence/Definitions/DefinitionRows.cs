using System.Data.Common;
using Ascob.Core.Definitions;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Definitions;

/// <summary>The columns of definitions: how they are written and read.</summary>
internal static class DefinitionRows
{
    /// <summary>The columns as <see cref="Read"/> wants them, of <c>definitions AS d</c> and <c>definition_versions AS v</c>.</summary>
    public const string Columns = "d.id, d.name, v.version, v.content, v.protected_secrets, d.suspended, d.source, d.created_at, d.created_by, v.saved_at, v.saved_by, "
        + "d.acknowledged_run, d.acknowledged_by, d.acknowledged_at, d.acknowledged_reason";

    public const string Present = "definitions AS d INNER JOIN definition_versions AS v ON v.definition_id = d.id AND v.version = d.version";

    public const string AnyVersion = "definitions AS d INNER JOIN definition_versions AS v ON v.definition_id = d.id";

    public static Definition Read(DbDataReader row) => new()
    {
        Id = row.GetInt64(0),
        Name = row.GetString(1),
        Version = row.GetInt32(2),
        Content = DefinitionContent.FromJson(row.GetString(3)),
        ProtectedSecrets = RunColumns.Text(row, 4),
        Suspended = row.GetBoolean(5),
        Source = RunColumns.Text(row, 6),
        CreatedAt = UtcMicroseconds.To(row.GetInt64(7)),
        CreatedBy = RunColumns.Text(row, 8),
        SavedAt = UtcMicroseconds.To(row.GetInt64(9)),
        SavedBy = RunColumns.Text(row, 10),
        Acknowledged = RunColumns.Long(row, 11) is { } run
            ? new Acknowledgement(run, RunColumns.Text(row, 12) ?? string.Empty, RunColumns.Time(row, 13) ?? DateTimeOffset.UnixEpoch, RunColumns.Text(row, 14))
            : null,
    };

    /// <summary>Reads rows up to a number, but no more than fit into a page by their size, and at least one; and whether there are others behind them.</summary>
    public static Task<(List<Definition> Rows, bool HasMore)> PageAsync(SqlCommand command, int limit, CancellationToken cancellationToken)
    {
        var read = 0;
        return command.ListWhileAsync(
            row =>
            {
                read += row.GetString(3).Length;
                return Read(row);
            },
            rows => rows.Count < limit && read < DefinitionLimits.PageCharacters,
            cancellationToken);
    }

    public static SqlArgs BindVersion(SqlArgs args, NewVersion version) => args
        .Text("content", version.Content.ToJson())
        .Text("protected_secrets", version.ProtectedSecrets)
        .Time("saved_at", version.SavedAt)
        .Text("saved_by", version.SavedBy);

    /// <summary>Sets what the definition's own row repeats of its present version, so that lists can be searched.</summary>
    public static SqlArgs BindFound(SqlArgs args, string name, DefinitionContent content) => args
        .Text("search_text", SearchText(name, content))
        .Text("tags", Lines(content.Tags))
        .Text("owners", Lines(content.Owners))
        .Text("submitter", content.FixedSubmitter);

#pragma warning disable CA1308 // Nothing is decided by it, and all three databases compare it as it is.
    public static string Folded(string text) => text.ToLowerInvariant();
#pragma warning restore CA1308

    public static string SearchText(string name, DefinitionContent content) => Folded(string.Join('\n', [name, .. content.Tags, content.Description ?? string.Empty]));

    /// <summary>Makes the pattern that finds one of <see cref="Lines"/>.</summary>
    public static string LinePattern(string value) => $"%\n{EscapeLike(value)}\n%";

    public static string EscapeLike(string text) => text
        .Replace(@"\", @"\\", StringComparison.Ordinal)
        .Replace("%", @"\%", StringComparison.Ordinal)
        .Replace("_", @"\_", StringComparison.Ordinal)
        .Replace("[", @"\[", StringComparison.Ordinal);

    private static string Lines(IReadOnlyList<string> values) => values.Count == 0 ? string.Empty : $"\n{string.Join('\n', values)}\n";
}
