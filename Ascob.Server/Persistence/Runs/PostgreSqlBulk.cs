using System.Data.Common;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Runs;

/// <summary>
/// Puts the operations of a batch that differ in their values only into one statement over arrays. What takes or gives slots and locks, and a second change of the same run, keeps a
/// statement of its own.
/// </summary>
internal sealed class PostgreSqlBulk(PostgreSqlRunSql sql)
{
    // One row is cheaper as a plain statement.
    private const int Fewest = 2;

    public IReadOnlyList<IBatchedOperation> Combine(IReadOnlyList<WriteOperation> batch)
    {
        var seen = new HashSet<long>();
        var added = batch.OfType<AddRun>().Where(a => a.IsPlain).ToList();
        var changed = batch.OfType<ApplyChange>().Where(c => c.IsPlain && seen.Add(c.RunId)).OrderBy(c => c.RunId).ToList();
        var combined = new List<IBatchedOperation>();
        if (added.Count >= Fewest)
        {
            combined.Add(new Adding(sql, added));
        }
        else
        {
            added.Clear();
        }

        if (changed.Count >= Fewest)
        {
            combined.Add(new Changing(sql, changed));
        }
        else
        {
            changed.Clear();
        }

        var taken = new HashSet<WriteOperation>(added.Cast<WriteOperation>().Concat(changed));
        combined.AddRange(batch.Where(o => !taken.Contains(o)).Cast<IBatchedOperation>());
        return combined;
    }

    private static async ValueTask<HashSet<long>> IdsAsync(DbDataReader reader)
    {
        var ids = new HashSet<long>();
        while (await reader.ReadAsync())
        {
            ids.Add(reader.GetInt64(0));
        }

        return ids;
    }

    private sealed class Adding(PostgreSqlRunSql sql, List<AddRun> runs) : IBatchedOperation
    {
        public void AddTo(DbBatch batch)
        {
            var arrays = new PostgreSqlArrays(sql.AddMany(runs.Exists(r => r.HasKey), runs.Exists(r => r.HasNotice)));
            foreach (var run in runs)
            {
                run.Bind(arrays.NextRow());
            }

            arrays.AddTo(batch);
        }

        public async ValueTask ReadAsync(DbDataReader reader)
        {
            var stored = await IdsAsync(reader);
            foreach (var run in runs)
            {
                run.Keep(stored.Contains(run.RunId));
            }
        }
    }

    private sealed class Changing(PostgreSqlRunSql sql, List<ApplyChange> changes) : IBatchedOperation
    {
        public void AddTo(DbBatch batch)
        {
            var arrays = new PostgreSqlArrays(sql.ApplyMany(changes.Exists(c => c.HasNotice)));
            foreach (var change in changes)
            {
                change.Bind(arrays.NextRow());
            }

            arrays.AddTo(batch);
        }

        public async ValueTask ReadAsync(DbDataReader reader)
        {
            var applied = await IdsAsync(reader);
            foreach (var change in changes)
            {
                change.Keep(applied.Contains(change.RunId) ? ApplyOutcome.Applied : ApplyOutcome.Conflict);
            }
        }
    }
}
