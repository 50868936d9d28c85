using System.Globalization;
using Ascob.Core.Notifications;
using Ascob.Server.Persistence.Sql;

namespace Ascob.Server.Persistence.Notifications;

/// <summary>
/// Changes of subscriptions within a transaction that may do more. Each takes the next version first, and with it the row of the version: of two that change subscriptions at once, the second one waits for the end of the
/// first. The numbers of new ones are versions too.
/// </summary>
internal sealed class SubscriptionRows
{
    public const string VersionName = "notifications";

    private readonly SqlStatement _begin;
    private readonly SqlStatement _hold;
    private readonly SqlStatement _advance;
    private readonly SqlStatement _version;
    private readonly SqlStatement _ofSource;
    private readonly SqlStatement _insert;
    private readonly SqlStatement _replace;
    private readonly SqlStatement _deleteDeliveries;
    private readonly SqlStatement _delete;

    public SubscriptionRows(SqlDialect dialect)
    {
        _begin = dialect.Statement(dialect.Provider == DatabaseProvider.SqlServer
            ? $"INSERT INTO metadata (name, value) SELECT '{VersionName}', '0' WHERE NOT EXISTS (SELECT 1 FROM metadata WITH (UPDLOCK, HOLDLOCK) WHERE name = '{VersionName}')"
            : $"INSERT INTO metadata (name, value) VALUES ('{VersionName}', '0') ON CONFLICT (name) DO NOTHING");
        _hold = dialect.Statement($"UPDATE metadata SET value = value WHERE name = '{VersionName}'");
        _advance = dialect.Statement($"UPDATE metadata SET value = CAST(CAST(value AS bigint) + 1 AS varchar(20)) WHERE name = '{VersionName}'");
        _version = dialect.Statement($"SELECT value FROM metadata WHERE name = '{VersionName}'");
        _ofSource = dialect.Statement($"SELECT {SubscriptionColumns.Names} FROM notification_subscriptions WHERE source = @source ORDER BY id");
        _insert = dialect.Statement($"INSERT INTO notification_subscriptions ({SubscriptionColumns.Names}) VALUES ({SubscriptionColumns.Values})");
        _replace = dialect.Statement($"UPDATE notification_subscriptions SET {SubscriptionColumns.Assignments} WHERE id = @id AND changed_at = @before");
        _deleteDeliveries = dialect.Statement("DELETE FROM notification_deliveries WHERE subscription_id = @id");
        _delete = dialect.Statement("DELETE FROM notification_subscriptions WHERE id = @id");
    }

    /// <summary>Makes the subscriptions of a source what the plan says; answers what was done.</summary>
    public async Task<SubscriptionChanges> KeepAsync(DbSession session, string source, PlanSubscriptions plan, CancellationToken cancellationToken)
    {
        // Whoever changes one waits from here on, so the plan is made for what there is.
        if (await session.Command(_hold).ExecuteAsync(cancellationToken) == 0)
        {
            await session.Command(_begin).ExecuteAsync(cancellationToken);
        }

        var list = session.Command(_ofSource);
        list.Args.Text("source", source);
        var there = await list.ListAsync(SubscriptionColumns.Read, cancellationToken);
        var changes = plan(there);
        foreach (var id in changes.Deleted)
        {
            await DeleteAsync(session, id, cancellationToken);
        }

        foreach (var replaced in changes.Replaced)
        {
            await ReplaceAsync(session, replaced, there.First(s => s.Id == replaced.Id).ChangedAt, cancellationToken);
        }

        var added = new List<Subscription>();
        foreach (var subscription in changes.Added)
        {
            added.Add(await AddAsync(session, subscription, cancellationToken));
        }

        return changes with { Added = added };
    }

    /// <summary>Stores a new one and gives it its number.</summary>
    public async Task<Subscription> AddAsync(DbSession session, Subscription subscription, CancellationToken cancellationToken)
    {
        var added = subscription with { Id = await AdvanceAsync(session, cancellationToken) };
        var insert = session.Command(_insert);
        SubscriptionColumns.Bind(insert.Args, added);
        await insert.ExecuteAsync(cancellationToken);
        return added;
    }

    /// <summary>Replaces one if it was not changed since; answers whether it was replaced.</summary>
    public async Task<bool> ReplaceAsync(DbSession session, Subscription subscription, DateTimeOffset before, CancellationToken cancellationToken)
    {
        await AdvanceAsync(session, cancellationToken);
        var replace = session.Command(_replace);
        SubscriptionColumns.Bind(replace.Args, subscription).Time("before", before);
        return await replace.ExecuteAsync(cancellationToken) > 0;
    }

    /// <summary>Deletes one with its deliveries; answers whether it was there.</summary>
    public async Task<bool> DeleteAsync(DbSession session, long id, CancellationToken cancellationToken)
    {
        await AdvanceAsync(session, cancellationToken);
        var deliveries = session.Command(_deleteDeliveries);
        deliveries.Args.Long("id", id);
        await deliveries.ExecuteAsync(cancellationToken);
        var delete = session.Command(_delete);
        delete.Args.Long("id", id);
        return await delete.ExecuteAsync(cancellationToken) > 0;
    }

    private async Task<long> AdvanceAsync(DbSession session, CancellationToken cancellationToken)
    {
        if (await session.Command(_advance).ExecuteAsync(cancellationToken) == 0)
        {
            await session.Command(_begin).ExecuteAsync(cancellationToken);
            await session.Command(_advance).ExecuteAsync(cancellationToken);
        }

        return long.Parse(await session.Command(_version).FirstAsync(row => row.GetString(0), cancellationToken) ?? "0", NumberStyles.None, CultureInfo.InvariantCulture);
    }
}
