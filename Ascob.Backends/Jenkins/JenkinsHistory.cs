namespace Ascob.Backends.Jenkins;

/// <summary>The newest builds of a job.</summary>
/// <param name="Builds">Newest first.</param>
/// <param name="Next">The number that the next build will get; null where it is not told.</param>
/// <param name="Most">How many were asked for.</param>
internal sealed record JenkinsHistory(IReadOnlyList<JenkinsBuild> Builds, long? Next, int Most)
{
    /// <summary>Gets whether the job may have more builds than these.</summary>
    public bool HasMore => Builds.Count >= Most;

    /// <summary>Answers whether the list goes back to a time.</summary>
    public bool ReachesBackTo(DateTimeOffset since) => !HasMore || (Builds is [.., var oldest] && IsBefore(oldest, since));

    /// <summary>Answers whether the list goes back to the build of a queue item: its oldest build is that of an earlier one. Items are numbered as they come.</summary>
    public bool ReachesBackTo(long? queueId) => !HasMore || (Builds is [.., { QueueId: > 0 and { } oldest }] && oldest < queueId);

    /// <summary>
    /// Answers the number of a build younger than a time that was given and is not in the list; null for none. Jobs keep as many builds as they are told to, and people delete some: one that is not there any more may have been
    /// the one looked for.
    /// </summary>
    public long? MissingSince(DateTimeOffset since)
    {
        var expected = Next - 1;
        foreach (var build in Builds)
        {
            if (expected is { } number && build.Number < number)
            {
                return number;
            }

            if (IsBefore(build, since))
            {
                return null;
            }

            expected = build.Number - 1;
        }

        return HasMore || expected is null or <= 0 ? null : expected;
    }

    private static bool IsBefore(JenkinsBuild build, DateTimeOffset since) => build.Timestamp is { } at && at < since.ToUnixTimeMilliseconds();
}
