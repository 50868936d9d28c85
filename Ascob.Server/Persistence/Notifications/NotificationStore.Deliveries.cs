using System.Globalization;
using Ascob.Core.Notifications;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Notifications;

internal sealed partial class NotificationStore
{
    private const int LongestReason = 1000;

    public async Task<IReadOnlyList<long>> ReadyAsync(DateTimeOffset now, CancellationToken cancellationToken) => await _database.ReadAsync(
        session =>
        {
            var command = session.Command(_sql.Ready);
            command.Args.Bool("enabled", true).Time("now", now);
            return command.ListAsync(row => row.GetInt64(0), cancellationToken);
        },
        cancellationToken);

    public async Task<IReadOnlyList<Delivery>> ClaimAsync(
        long subscriptionId, string owner, DateTimeOffset now, DateTimeOffset until, int limit, CancellationToken cancellationToken)
    {
        var claimed = await WriteAsync(
            (session, stop) =>
            {
                var command = session.Command(_sql.Claim);
                command.Args.Long("subscription_id", subscriptionId).Text("owner", owner).Time("now", now).Time("until", until).Int("limit", limit);
                return command.ListAsync(DeliveryColumns.Read, stop);
            },
            cancellationToken);
        return [.. claimed.OrderBy(d => d.DueAt).ThenBy(d => d.Key.RunId).ThenBy(d => d.Key.Seq)];
    }

    public Task<bool> EndAttemptAsync(Delivery delivery, DeliveryState state, DateTimeOffset at, string? reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        return WriteAsync(
            async (session, stop) =>
            {
                var end = session.Command(_sql.EndAttempt);
                DeliveryColumns.Key(end.Args, delivery.Key)
                    .Text("state", DeliveryColumns.Word(state))
                    .Time("due_at", state == DeliveryState.Pending ? at : delivery.DueAt)
                    .Time("ended_at", state == DeliveryState.Pending ? null : at)
                    .Text("last_error", Cut(reason))
                    .Text("owner", delivery.LeaseOwner)
                    .Int("attempts", delivery.Attempts);
                if (await end.ExecuteAsync(stop) == 0)
                {
                    return false;
                }

                var others = session.Command(state == DeliveryState.Pending ? _sql.HoldBack : _sql.LetGo);
                DeliveryColumns.Key(others.Args, delivery.Key).Time("due_at", at).Time("now", at);
                await others.ExecuteAsync(stop);
                return true;
            },
            cancellationToken);
    }

    public Task HurryAsync(long subscriptionId, DateTimeOffset now, CancellationToken cancellationToken) =>
        ExecuteAsync(_sql.Hurry, args => args.Long("subscription_id", subscriptionId).Time("now", now), cancellationToken);

    public Task GiveUpAsync(long subscriptionId, DateTimeOffset now, string reason, CancellationToken cancellationToken) =>
        ExecuteAsync(_sql.GiveUp, args => args.Long("subscription_id", subscriptionId).Time("now", now).Text("last_error", Cut(reason)), cancellationToken);

    public Task<int> GiveUpOldAsync(DateTimeOffset since, DateTimeOffset now, string reason, CancellationToken cancellationToken) =>
        ExecuteAsync(_sql.GiveUpOld, args => args.Time("before", since).Time("now", now).Text("last_error", Cut(reason)), cancellationToken);

    public Task ReleaseLeasesAsync(string owner, CancellationToken cancellationToken) =>
        ExecuteAsync(_sql.ReleaseLeases, args => args.Text("owner", owner), cancellationToken);

    public Task TakeOverAbandonedLeasesAsync(CancellationToken cancellationToken) => _database.Dialect.Provider == DatabaseProvider.Sqlite
        ? ExecuteAsync(_sql.EndLeases, args => args, cancellationToken)
        : Task.CompletedTask;

    public Task<Delivery?> FindAsync(DeliveryKey key, CancellationToken cancellationToken) => _database.ReadAsync(
        session =>
        {
            var command = session.Command(_sql.Find);
            DeliveryColumns.Key(command.Args, key);
            return command.FirstAsync(DeliveryColumns.Read, cancellationToken);
        },
        cancellationToken);

    public async Task<IReadOnlyList<Delivery>> ListAsync(DeliveryQuery query, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(query);
        return await _database.SearchAsync(
            session =>
            {
                var command = session.Command(_sql.List(query.SubscriptionId is not null, query.RunId is not null, query.State is not null, query.After is not null));
                command.Args.Long("subscription_id", query.SubscriptionId)
                    .Long("run_id", query.RunId)
                    .Text("state", query.State is { } state ? DeliveryColumns.Word(state) : null)
                    .Long("after_run", query.After?.RunId)
                    .Long("after_subscription", query.After?.SubscriptionId)
                    .Long("after_seq", query.After?.Seq)
                    .Int("limit", query.Limit);
                return command.ListAsync(DeliveryColumns.Read, cancellationToken);
            },
            cancellationToken);
    }

    public async Task<long> ReplayAsync(DeliveryKey? key, long? subscriptionId, DateTimeOffset now, CancellationToken cancellationToken) =>
        await ExecuteAsync(_sql.Replay(key is not null, subscriptionId is not null), args => Which(args, key, subscriptionId).Time("now", now), cancellationToken);

    public async Task<long> DropAsync(DeliveryKey? key, long? subscriptionId, CancellationToken cancellationToken) =>
        await ExecuteAsync(_sql.Drop(key is not null, subscriptionId is not null), args => Which(args, key, subscriptionId), cancellationToken);

    public async Task<IReadOnlyList<DeliveryCount>> CountAsync(CancellationToken cancellationToken) => await _database.ReadAsync(
        session => session.Command(_sql.Count).ListAsync(
            row => new DeliveryCount(row.GetInt64(0), DeliveryColumns.State(row.GetString(1)), Convert.ToInt64(row.GetValue(2), CultureInfo.InvariantCulture)), cancellationToken),
        cancellationToken);

    public Task<int> DropOrphansAsync(CancellationToken cancellationToken) => ExecuteAsync(_sql.DropOrphans, args => args, cancellationToken);

    public Task<int> DropUnknownAsync(DateTimeOffset before, CancellationToken cancellationToken) => ExecuteAsync(_sql.DropUnknown, args => args.Time("before", before), cancellationToken);

    public Task<int> PurgeAsync(DeliveryState state, DateTimeOffset endedBefore, int limit, CancellationToken cancellationToken) =>
        ExecuteAsync(_sql.Purge, args => args.Text("state", DeliveryColumns.Word(state)).Time("before", endedBefore).Int("limit", limit), cancellationToken);

    private static SqlArgs Which(SqlArgs args, DeliveryKey? key, long? subscriptionId) =>
        key is { } one ? DeliveryColumns.Key(args, one) : args.Long("subscription_id", subscriptionId);

    private static string? Cut(string? reason) => reason?.Length > LongestReason ? reason[..LongestReason] : reason;

    private Task<int> ExecuteAsync(SqlStatement statement, Func<SqlArgs, SqlArgs> bind, CancellationToken cancellationToken) => WriteAsync(
        (session, stop) =>
        {
            var command = session.Command(statement);
            bind(command.Args);
            return command.ExecuteAsync(stop);
        },
        cancellationToken);
}
