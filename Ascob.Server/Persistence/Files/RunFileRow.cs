using System.Data.Common;
using Ascob.Core.Files;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Files;

/// <summary>A row of <c>run_files</c>.</summary>
internal sealed record RunFileRow(long RunId, string Name, string StoredName, long Size, string Sha256, DateTimeOffset CreatedAt)
{
    public const string Columns = "run_id, name, stored_name, size, sha256, created_at";
    public const string Values = "@id, @name, @stored_name, @size, @sha256, @created_at";

    public static RunFileRow Of(long runId, StagedFile file, DateTimeOffset at) => new(runId, file.Name, file.StoredName, file.Size, file.Sha256, at);

    public static RunFileRow Read(DbDataReader row) =>
        new(row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetString(4), UtcMicroseconds.To(row.GetInt64(5)));

    public void Bind(SqlArgs args) => args
        .Long("id", RunId)
        .Text("name", Name)
        .Text("stored_name", StoredName)
        .Long("size", Size)
        .Text("sha256", Sha256)
        .Time("created_at", CreatedAt);
}
