using System.Globalization;

namespace Ascob.Core.Notifications;

/// <summary>The name of a delivery: one notice to one subscription.</summary>
/// <param name="SubscriptionId">The subscription.</param>
/// <param name="RunId">The run.</param>
/// <param name="Seq">The place of the event in the run's timeline.</param>
public readonly record struct DeliveryKey(long SubscriptionId, long RunId, long Seq)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{SubscriptionId}-{RunId}-{Seq}");

    /// <summary>Reads what <see cref="ToString"/> wrote.</summary>
    public static bool TryParse(string? text, out DeliveryKey key)
    {
        key = default;
        if (text?.Split('-') is not [var subscription, var run, var seq] || !Number(subscription, out var s) || !Number(run, out var r) || !Number(seq, out var q))
        {
            return false;
        }

        key = new DeliveryKey(s, r, q);
        return true;
    }

    private static bool Number(string text, out long value) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
}

/// <summary>Where a delivery stands.</summary>
public enum DeliveryState
{
    /// <summary>It is sent when it is due.</summary>
    Pending,

    /// <summary>The receiver took it.</summary>
    Delivered,

    /// <summary>It was given up; a person can have it sent again or drop it.</summary>
    Dead,
}

/// <summary>One notice on its way to one subscription.</summary>
public sealed record Delivery
{
    /// <summary>Gets its name.</summary>
    public required DeliveryKey Key { get; init; }

    /// <summary>Gets what is told.</summary>
    public required Notice Notice { get; init; }

    /// <summary>Gets where it stands.</summary>
    public DeliveryState State { get; init; }

    /// <summary>Gets how often it was sent, the present time included.</summary>
    public int Attempts { get; init; }

    /// <summary>Gets when it is sent next.</summary>
    public required DateTimeOffset DueAt { get; init; }

    /// <summary>Gets since when it is tried: from here the patience is counted.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>Gets when it was delivered or given up.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>Gets what went wrong last; never holds a secret or the receiver's words.</summary>
    public string? LastError { get; init; }

    /// <summary>Gets the process that is sending it.</summary>
    public string? LeaseOwner { get; init; }

    /// <summary>Gets until when nobody else sends it.</summary>
    public DateTimeOffset? LeaseUntil { get; init; }
}

/// <summary>What became of one attempt.</summary>
public enum SendResult
{
    /// <summary>The receiver took it.</summary>
    Delivered,

    /// <summary>It did not work out; another attempt may.</summary>
    Retry,

    /// <summary>No further attempt can help.</summary>
    Dead,

    /// <summary>The receiver wants nothing any more.</summary>
    Gone,
}

/// <summary>What became of one attempt, and why.</summary>
/// <param name="Result">What.</param>
/// <param name="Reason">Why, in one sentence that holds neither secrets nor the receiver's words; null for a success of which there is nothing more to say.</param>
/// <param name="RetryAfter">How long the receiver wants to be left alone; null where it did not say.</param>
public sealed record SendOutcome(SendResult Result, string? Reason = null, TimeSpan? RetryAfter = null)
{
    /// <summary>Gets a success.</summary>
    public static SendOutcome Delivered { get; } = new(SendResult.Delivered);

    /// <summary>Makes a failure that another attempt may mend.</summary>
    public static SendOutcome Retry(string reason, TimeSpan? retryAfter = null) => new(SendResult.Retry, reason, retryAfter);

    /// <summary>Makes a failure that no attempt can mend.</summary>
    public static SendOutcome Dead(string reason) => new(SendResult.Dead, reason);
}

/// <summary>How many deliveries of a subscription stand in a state.</summary>
public sealed record DeliveryCount(long SubscriptionId, DeliveryState State, long Count);

/// <summary>Which deliveries are wanted.</summary>
public sealed record DeliveryQuery
{
    /// <summary>Gets the subscriptions; null for all.</summary>
    public long? SubscriptionId { get; init; }

    /// <summary>Gets the run; null for all.</summary>
    public long? RunId { get; init; }

    /// <summary>Gets the state; null for all.</summary>
    public DeliveryState? State { get; init; }

    /// <summary>Gets the last one of the page before; null for the first page.</summary>
    public DeliveryKey? After { get; init; }

    /// <summary>Gets how many at most.</summary>
    public int Limit { get; init; } = 50;
}
