using System.Globalization;
using Ascob.Core.Backends;

namespace Ascob.Backends.Jenkins;

/// <summary>Where the job of a run stands in Jenkins.</summary>
internal enum JenkinsWhere
{
    /// <summary>In the queue, or on its way from there to a build.</summary>
    Waiting,

    /// <summary>Taken out of the queue; there will be no build.</summary>
    Cancelled,

    /// <summary>A build.</summary>
    Build,

    /// <summary>Jenkins answered and has neither item nor build.</summary>
    Gone,

    /// <summary>Nothing could be learned.</summary>
    Unclear,
}

/// <summary>What is known of where the job of a run stands.</summary>
/// <param name="Where">Where.</param>
/// <param name="Build">The build's number where it is one.</param>
/// <param name="Fault">What went wrong where it is unclear.</param>
internal readonly record struct JenkinsPlace(JenkinsWhere Where, long Build = 0, JenkinsFault? Fault = null);

/// <summary>
/// Finds queue items and builds: by marker after a lost answer, by queue item as long as Jenkins remembers it (some five minutes after it has left), and else by what the builds say. A build number is never guessed.
/// </summary>
internal sealed class JenkinsSearch(string backendId, JenkinsClient client, JenkinsDeclarations declarations)
{
    /// <summary>How many builds are looked at before a look-up says that it cannot tell.</summary>
    public const int Deep = 1000;
    private const int Near = 100;

    // How far apart the clocks may be where only the time can tell.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>Looks for the marker: first in the queue, then among the builds, because that is the way an item goes.</summary>
    public async Task<FindOutcome> FindAsync(BackendJob job, CancellationToken cancellationToken)
    {
        if (JenkinsProject.Of(job.Spec) is not { } project)
        {
            return new FindOutcome(FindOutcomeKind.Failed, Reason: "the job names no Jenkins job");
        }

        var (declared, _) = await declarations.GetAsync(project, renew: true, cancellationToken).ConfigureAwait(false);
        if (declared.Value is not { } declaration)
        {
            return Failed(declared.Fault!);
        }

        var queue = await client.QueueAsync(cancellationToken).ConfigureAwait(false);
        if (queue.Value is null)
        {
            return Failed(queue.Fault!);
        }

        var items = queue.Value.Items!.Where(i => i?.Id is not null).Select(i => i!).ToList();
        if (items.FirstOrDefault(i => JenkinsMarker.Of(i.Actions) == job.Marker) is { } item)
        {
            return new FindOutcome(FindOutcomeKind.Found, JenkinsKeys.Of(backendId, project, item.Id), Said($"marker {job.Marker} found in queue item {item.Id}"));
        }

        var since = job.IntentAt - Skew;
        var builds = await SinceAsync(project, since, cancellationToken).ConfigureAwait(false);
        if (builds.Value is not { } seen)
        {
            return Failed(builds.Fault!);
        }

        if (JenkinsMarker.Pick(seen.Builds, job.Marker, null) is { } build)
        {
            return new FindOutcome(
                FindOutcomeKind.Found, JenkinsKeys.Of(backendId, project, build.QueueId, build.Number), Said($"marker {job.Marker} found in build {build.Number}"));
        }

        if (!seen.ReachesBackTo(since))
        {
            return Failed(TooMany(project));
        }

        if (seen.MissingSince(since) is { } gone)
        {
            return Failed(new JenkinsFault(Said($"build {gone} of the Jenkins job '{project.FullName}' is not kept any more, so nobody can tell whether it was this run")));
        }

        return declaration.TakesMarker ? new FindOutcome(FindOutcomeKind.NotFound) : WithoutMarker(job, project, items, seen.Builds);
    }

    /// <summary>Finds out where a run stands.</summary>
    public async Task<JenkinsPlace> LocateAsync(BackendRunRef run, JenkinsProject project, CancellationToken cancellationToken)
    {
        if (JenkinsKeys.Number(run.Keys, JenkinsKeys.Build) is { } known)
        {
            return new JenkinsPlace(JenkinsWhere.Build, known);
        }

        var queueId = JenkinsKeys.Number(run.Keys, JenkinsKeys.Queue);
        if (queueId is { } id)
        {
            var item = await client.ItemAsync(id, cancellationToken).ConfigureAwait(false);
            if (item.Value is { } found && JenkinsMarker.CouldBe(found.Actions, run.Marker))
            {
                return found switch
                {
                    { Executable.Number: { } number } => new JenkinsPlace(JenkinsWhere.Build, number),
                    { Cancelled: true } => new JenkinsPlace(JenkinsWhere.Cancelled),
                    _ => new JenkinsPlace(JenkinsWhere.Waiting),
                };
            }

            if (item.Fault is { IsMissing: false } fault)
            {
                return new JenkinsPlace(JenkinsWhere.Unclear, Fault: fault);
            }
        }

        return await AmongBuildsAsync(run.Marker, queueId, project, cancellationToken).ConfigureAwait(false);
    }

    private async Task<JenkinsPlace> AmongBuildsAsync(string marker, long? queueId, JenkinsProject project, CancellationToken cancellationToken)
    {
        for (var most = Near; ; most = Deep)
        {
            var builds = await client.BuildsAsync(project, most, cancellationToken).ConfigureAwait(false);
            if (builds.Value is not { } seen)
            {
                return builds.Fault!.IsMissing ? new JenkinsPlace(JenkinsWhere.Gone) : new JenkinsPlace(JenkinsWhere.Unclear, Fault: builds.Fault);
            }

            if (JenkinsMarker.Pick(seen.Builds, marker, queueId) is { } build)
            {
                return new JenkinsPlace(JenkinsWhere.Build, build.Number!.Value);
            }

            if (most == Deep || !seen.HasMore)
            {
                return seen.ReachesBackTo(queueId) ? new JenkinsPlace(JenkinsWhere.Gone) : new JenkinsPlace(JenkinsWhere.Unclear, Fault: TooMany(project));
            }
        }
    }

    // The builds that may be younger than a time, or as many as are looked at.
    private async Task<JenkinsAnswer<JenkinsHistory>> SinceAsync(JenkinsProject project, DateTimeOffset since, CancellationToken cancellationToken)
    {
        var builds = await client.BuildsAsync(project, Near, cancellationToken).ConfigureAwait(false);
        return builds.Value is not { } seen || seen.ReachesBackTo(since) ? builds : await client.BuildsAsync(project, Deep, cancellationToken).ConfigureAwait(false);
    }

    // Without a marker nothing tells two runs apart; but where there is no run at all, it is not ours either.
    private static FindOutcome WithoutMarker(BackendJob job, JenkinsProject project, List<JenkinsItem> items, IReadOnlyList<JenkinsBuild> builds)
    {
        var since = (job.IntentAt - Skew).ToUnixTimeMilliseconds();
        var candidates = items.Where(project.IsTaskOf).Where(i => i.InQueueSince is not { } at || at >= since).Select(i => $"queue item {i.Id}")
            .Concat(builds.Where(b => b.Timestamp is not { } at || at >= since).Select(b => $"build {b.Number}"))
            .ToList();
        return candidates.Count == 0
            ? new FindOutcome(FindOutcomeKind.NotFound)
            : new FindOutcome(FindOutcomeKind.Failed, Reason: Said(
                $"the Jenkins job '{project.FullName}' declares no {JenkinsMarker.Parameter}, so nobody can tell whether {string.Join(", ", candidates.Take(5))}{(candidates.Count > 5 ? ", …" : string.Empty)} is this run: a person must give the verdict"));
    }

    /// <summary>Says that the builds of a job reach back further than they are looked at.</summary>
    public static JenkinsFault TooMany(JenkinsProject project) => new($"the Jenkins job '{project.FullName}' has more than {Deep} builds since then");

    private static string Said(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    private static FindOutcome Failed(JenkinsFault fault) => new(FindOutcomeKind.Failed, Reason: fault.Reason);
}
