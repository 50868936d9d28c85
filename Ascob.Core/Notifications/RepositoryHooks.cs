using System.Security.Cryptography;
using System.Text;
using Ascob.Core.Client;
using Ascob.Core.Repository;

namespace Ascob.Core.Notifications;

/// <summary>The hooks of a repository as subscriptions. Pure.</summary>
internal static class RepositoryHooks
{
    /// <summary>Who keeps them.</summary>
    public const string Source = "repository";

    /// <summary>The most hooks of a repository that are served.</summary>
    public const int Most = 2000;

    private const int HashBytes = 6;
    private const int LongestShown = 180;

    /// <summary>Answers the subscriptions: one for each status and address, of all jobs or of one.</summary>
    /// <param name="state">What is known of the repository.</param>
    /// <param name="secret">What their messages are signed with; null for no signature.</param>
    /// <param name="previousSecret">What they are signed with besides, while receivers change over.</param>
    public static IReadOnlyList<SubscriptionRequest> Of(RepositoryState state, string? secret = null, string? previousSecret = null) =>
    [
        .. Of("*", state.Hooks).Concat(state.Jobs.Values.SelectMany(j => Of(j.Job.Name, j.Job.Hooks)))
            .Take(Most).Select(h => h with { Secret = secret, PreviousSecret = previousSecret }),
    ];

    /// <summary>Answers that there are more hooks than are served; null where there are not.</summary>
    public static string? Problem(IReadOnlyDictionary<string, IReadOnlyList<string>> hooks, IEnumerable<RepositoryJob> jobs)
    {
        var count = jobs.Select(j => j.Hooks).Prepend(hooks).Sum(h => h.Values.Sum(urls => urls.Distinct(StringComparer.Ordinal).Count()));
        return count > Most ? $"The repository has {count} hooks; {Most} are served, those of the last jobs are not." : null;
    }

    private static IEnumerable<SubscriptionRequest> Of(string job, IReadOnlyDictionary<string, IReadOnlyList<string>> hooks) =>
        hooks.SelectMany(h => h.Value.Distinct(StringComparer.Ordinal).Select(url => new SubscriptionRequest
        {
            // After the address and not after its place in the list, which may be another's tomorrow: what waits for one receiver is never sent to another.
            Name = Name(job, h.Key, url),
            Kind = ReceiverKinds.Overseer,
            Url = url,
            Statuses = h.Key == "*" ? null : [h.Key],
            Filter = new SubscriptionFilter { Labels = new Dictionary<string, string>(StringComparer.Ordinal) { [RepositoryLabels.Job] = job } },
        }));

    // Without the address itself, which may hold a key. Two names that begin alike and are too long to be shown whole differ in the hash.
    private static string Name(string job, string status, string url)
    {
        var shown = $"{job}: {status}";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{job}\n{status}\n{url}")).AsSpan(0, HashBytes));
        return $"{(shown.Length <= LongestShown ? shown : shown[..(char.IsHighSurrogate(shown[LongestShown - 1]) ? LongestShown - 1 : LongestShown)])} {hash}";
    }
}
