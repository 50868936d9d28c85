namespace Ascob.Core.Notifications;

/// <summary>What this process knows of one receiver: whether it is being served, and whether it is worth asking now.</summary>
internal sealed class ReceiverLane
{
    /// <summary>Gets or sets the work that is under way.</summary>
    public Task Work { get; set; } = Task.CompletedTask;

    /// <summary>Gets or sets how many attempts in a row have failed.</summary>
    public int Failures { get; set; }

    /// <summary>Gets or sets until when the receiver is left alone.</summary>
    public DateTimeOffset PausedUntil { get; set; }

    /// <summary>Gets or sets when its messages were made due the last time; null for never in this life of the process.</summary>
    public DateTimeOffset? HurriedAt { get; set; }

    private DateTimeOffset? ServedVersion { get; set; }

    /// <summary>Turns to a version of the subscription, named by the time of its change. What the lane has learnt of another version's receiver says nothing about this one's.</summary>
    public void Serve(DateTimeOffset version)
    {
        if (ServedVersion != version)
        {
            (ServedVersion, Failures, PausedUntil, HurriedAt) = (version, 0, default, null);
        }
    }
}
