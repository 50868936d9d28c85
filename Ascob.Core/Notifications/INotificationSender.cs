using Ascob.Core.Definitions;

namespace Ascob.Core.Notifications;

/// <summary>The way to one kind of receivers.</summary>
public interface INotificationSender
{
    /// <summary>Gets the kind, see <see cref="ReceiverKinds"/>.</summary>
    string Kind { get; }

    /// <summary>
    /// Sends a message once. What the receiver or the way to it does wrong is in the answer and no exception.
    /// </summary>
    Task<SendOutcome> SendAsync(OutgoingNotice message, CancellationToken cancellationToken);
}

/// <summary>A message to be sent.</summary>
/// <param name="Subscription">To whom.</param>
/// <param name="Secrets">The receiver's secrets in clear.</param>
/// <param name="Notice">What is told.</param>
/// <param name="EventId">The event's name, the same at every attempt.</param>
/// <param name="SentAt">When this attempt is made.</param>
/// <param name="PublicUrl">The base of links to Ascob; null where it has none.</param>
public sealed record OutgoingNotice(Subscription Subscription, ReceiverSecrets Secrets, Notice Notice, string EventId, DateTimeOffset SentAt, string? PublicUrl)
{
    /// <summary>Gets the definition in the version that the run was launched from; null where the receiver's form says nothing of it, the run has none, or it is gone.</summary>
    public DefinitionContent? Definition { get; init; }

    /// <summary>Gets the link to the run; null where Ascob has no address.</summary>
    public string? RunUrl => PublicUrl is null ? null : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{PublicUrl}/api/runs/{Notice.RunId}");
}
