using System.Globalization;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Notifications;

/// <summary>The memory of subscriptions and of notices that are not planned yet; that of deliveries is in the other part.</summary>
internal sealed partial class NotificationStore : INotificationStore
{
    private const int PreviousRuns = 20;

    private readonly Database _database;
    private readonly IStoreWriter _writer;
    private readonly Metadata _metadata;
    private readonly NotificationSql _sql;
    private readonly SubscriptionRows _subscriptions;
    private readonly SqlStatement _list;
    private readonly SqlStatement _chain;
    private readonly SqlStatement _definition;

    public NotificationStore(Database database, IStoreWriter writer, Metadata metadata)
    {
        _database = database;
        _writer = writer;
        _metadata = metadata;
        var dialect = database.Dialect;
        _sql = new NotificationSql(dialect);
        _subscriptions = new SubscriptionRows(dialect);
        _list = dialect.Statement($"SELECT {SubscriptionColumns.Names} FROM notification_subscriptions ORDER BY id");
        var byDue = dialect.Provider == DatabaseProvider.Sqlite ? " INDEXED BY ix_runs_due" : string.Empty;
        var byDefinition = dialect.Provider == DatabaseProvider.Sqlite ? " INDEXED BY ix_runs_definition" : string.Empty;
        _definition = dialect.Statement(
            $"SELECT{dialect.Top} status, ended_at FROM runs{byDefinition} WHERE definition_id = @definition_id AND id <> @id AND ended_at <= @ended ORDER BY id DESC{dialect.Limit}");
        _chain = dialect.Statement(
            $"SELECT{dialect.Top} status, ended_at FROM runs WHERE (parent_id = @root OR id = @root) AND id <> @id AND ended_at <= @ended ORDER BY id DESC{dialect.Limit}");
    }

    public async Task<long> VersionAsync(CancellationToken cancellationToken) => Number(await _metadata.FindAsync(SubscriptionRows.VersionName, cancellationToken));

    public async Task<SubscriptionSet> SubscriptionsAsync(CancellationToken cancellationToken)
    {
        // The version first: what changes after it is read again at the next look.
        var version = await VersionAsync(cancellationToken);
        return new SubscriptionSet(version, await _database.ReadAsync(session => session.Command(_list).ListAsync(SubscriptionColumns.Read, cancellationToken), cancellationToken));
    }

    public Task<Subscription> AddAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        return WriteAsync((session, stop) => _subscriptions.AddAsync(session, subscription, stop), cancellationToken);
    }

    public Task<bool> ReplaceAsync(Subscription subscription, DateTimeOffset before, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        return WriteAsync((session, stop) => _subscriptions.ReplaceAsync(session, subscription, before, stop), cancellationToken);
    }

    public Task<SubscriptionChanges> KeepAsync(string source, PlanSubscriptions plan, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return WriteAsync((session, stop) => _subscriptions.KeepAsync(session, source, plan, stop), cancellationToken);
    }

    public Task<bool> DeleteAsync(long id, CancellationToken cancellationToken) =>
        WriteAsync((session, stop) => _subscriptions.DeleteAsync(session, id, stop), cancellationToken);

    public async Task<IReadOnlyList<Notice>> NoticesAsync(int limit, CancellationToken cancellationToken) => await _database.ReadAsync(
        session =>
        {
            var command = session.Command(_sql.Notices);
            command.Args.Int("limit", limit);
            return command.ListAsync(NoticeColumns.Read, cancellationToken);
        },
        cancellationToken);

    public Task PlanAsync(IReadOnlyList<Plan> plans, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plans);
        return WriteAsync(
            async (session, stop) =>
            {
                // Who deletes the notice stores its deliveries. Another planner waits here for the end of this transaction, so a later notice of a run cannot overtake an earlier one.
                foreach (var plan in plans.OrderBy(p => p.Notice.RunId).ThenBy(p => p.Notice.Seq))
                {
                    var take = session.Command(_sql.TakeNotice);
                    take.Args.Long("run_id", plan.Notice.RunId).Long("seq", plan.Notice.Seq);
                    if (await take.ExecuteAsync(stop) == 0)
                    {
                        continue;
                    }

                    foreach (var subscription in plan.Subscriptions)
                    {
                        var insert = session.Command(_sql.Insert);
                        DeliveryColumns.BindNew(insert.Args, subscription, plan.Notice, plan.At);
                        await insert.ExecuteAsync(stop);
                    }
                }

                return 0;
            },
            cancellationToken);
    }

    public async Task<RunStatus?> OutcomeBeforeAsync(Notice success, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(success);
        if (success.Facts is { DefinitionId: null, ParentId: null })
        {
            return null;
        }

        var ended = await _database.ReadAsync(
            session =>
            {
                var command = session.Command(success.Facts.DefinitionId is null ? _chain : _definition);
                command.Args.Long("root", success.Facts.ParentId).Long("definition_id", success.Facts.DefinitionId).Long("id", success.RunId).Time("ended", success.Facts.EndedAt ?? success.At).Int("limit", PreviousRuns);
                return command.ListAsync(row => (Status: RunColumns.Status(row.GetString(0)), At: row.GetInt64(1)), cancellationToken);
            },
            cancellationToken);

        // A run that was stopped says nothing about whether the job works.
        return ended.Where(r => r.Status is RunStatus.Succeeded or RunStatus.Failed).OrderByDescending(r => r.At).Select(r => (RunStatus?)r.Status).FirstOrDefault();
    }

    private static long Number(string? text) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    private Task<T> WriteAsync<T>(Func<DbSession, CancellationToken, Task<T>> write, CancellationToken cancellationToken) =>
        _writer.WriteAsync(new DelegateOperation<T>(write), cancellationToken);
}
