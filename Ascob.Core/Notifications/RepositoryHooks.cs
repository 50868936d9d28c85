using Ascob.Core.Client;
using Ascob.Core.Repository;

namespace Ascob.Core.Notifications;

/// <summary>The hooks of a repository as subscriptions. Pure.</summary>
internal static class RepositoryHooks
{
    /// <summary>Who keeps them.</summary>
    public const string Source = "repository";

    /// <summary>Answers the subscriptions: one for each status and address, of all jobs or of one.</summary>
    public static IReadOnlyList<SubscriptionRequest> Of(RepositoryState state) =>
    [
        .. Of("*", state.Hooks),
        .. state.Jobs.Values.SelectMany(j => Of(j.Job.Name, j.Job.Hooks)),
    ];

    private static IEnumerable<SubscriptionRequest> Of(string job, IReadOnlyDictionary<string, IReadOnlyList<string>> hooks) =>
        hooks.SelectMany(h => h.Value.Distinct(StringComparer.Ordinal).Select((url, index) => new SubscriptionRequest
        {
            // Without the address, which may hold a key.
            Name = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{job}: {h.Key} {index + 1}"),
            Kind = ReceiverKinds.Overseer,
            Url = url,
            Statuses = h.Key == "*" ? null : [h.Key],
            Filter = new SubscriptionFilter { Labels = new Dictionary<string, string>(StringComparer.Ordinal) { [RepositoryLabels.Job] = job } },
        }));
}
