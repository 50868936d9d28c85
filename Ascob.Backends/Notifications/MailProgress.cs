using System.Collections.Concurrent;
using Ascob.Core.Notifications;

namespace Ascob.Backends.Notifications;

/// <summary>
/// Who has a mail already, or will never have it, while others of its recipients are tried again. Known to this process only: after a restart, or at another server, those get it once more, with the same id.
/// </summary>
internal sealed class MailProgress
{
    private const int Most = 1000;

    private readonly ConcurrentDictionary<(long SubscriptionId, string EventId), Settled> _mails = new();

    /// <summary>Answers with whom a mail is settled.</summary>
    public Settled Of(OutgoingNotice message) => _mails.GetValueOrDefault(Key(message), Settled.Nobody);

    /// <summary>Remembers it for the next attempt.</summary>
    public void Keep(OutgoingNotice message, Settled settled)
    {
        // Mails that others have sent or given up meanwhile stay behind; a mail too many is better than a memory that only grows.
        if (_mails.Count >= Most)
        {
            _mails.Clear();
        }

        _mails[Key(message)] = settled;
    }

    /// <summary>Forgets a mail that is not tried again.</summary>
    public void Forget(OutgoingNotice message) => _mails.TryRemove(Key(message), out _);

    private static (long SubscriptionId, string EventId) Key(OutgoingNotice message) => (message.Subscription.Id, message.EventId);

    /// <summary>The recipients of a mail that need not be tried again.</summary>
    /// <param name="Taken">Those for whom the server took it.</param>
    /// <param name="Refused">Those that the server refuses for good, each with its answer.</param>
    internal sealed record Settled(IReadOnlySet<string> Taken, IReadOnlyDictionary<string, int> Refused)
    {
        public static Settled Nobody { get; } = new(new HashSet<string>(), new Dictionary<string, int>());

        public Settled With(IEnumerable<string> taken, IEnumerable<(string Address, int Code)> refused) => new(
            Taken.Concat(taken).ToHashSet(StringComparer.OrdinalIgnoreCase),
            Refused.Select(r => (Address: r.Key, Code: r.Value)).Concat(refused).DistinctBy(r => r.Address, StringComparer.OrdinalIgnoreCase).ToDictionary(r => r.Address, r => r.Code, StringComparer.OrdinalIgnoreCase));

        public bool Has(string address) => Taken.Contains(address) || Refused.ContainsKey(address);
    }
}
