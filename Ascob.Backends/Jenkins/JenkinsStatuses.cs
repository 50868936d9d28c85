using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Ascob.Core.Backends;

namespace Ascob.Backends.Jenkins;

/// <summary>
/// Tells the state of many runs in few questions: one for the whole queue where a run may still wait, and one for each job with runs that have left it. Only what is not found there is asked for alone.
/// </summary>
internal sealed partial class JenkinsStatuses(string backendId, JenkinsSettings settings, JenkinsClient client, TimeProvider time, TimeSpan timeout)
{
    private const int Fewest = 50;
    private const int JobsAtOnce = 4;
    private const int AloneAtOnce = 4;
    private const int MostAlone = 8;

    // The whole batch is answered before the caller's patience ends: one question that hangs takes no other run down with it.
    private const double ShareOfTimeout = 0.8;

    public async Task<IReadOnlyList<BackendReport>> GetAsync(IReadOnlyList<BackendRunRef> runs, CancellationToken cancellationToken)
    {
        var asked = runs.Select(r => new Asked(r, JenkinsProject.Of(r.Keys), JenkinsKeys.Number(r.Keys, JenkinsKeys.Queue), JenkinsKeys.Number(r.Keys, JenkinsKeys.Build))).ToList();
        var reports = new ConcurrentDictionary<Asked, BackendReport>();
        using var limit = new CancellationTokenSource(timeout * ShareOfTimeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await AskAsync(asked, reports, both.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Those that were not answered are reported so below.
        }

        return [.. asked.Select(a => reports.GetValueOrDefault(a) ?? Report(a, BackendState.Unreachable, "the backend did not answer in time"))];
    }

    private async Task AskAsync(List<Asked> asked, ConcurrentDictionary<Asked, BackendReport> reports, CancellationToken cancellationToken)
    {
        foreach (var stranger in asked.Where(a => !a.IsKnowable))
        {
            reports[stranger] = Report(stranger, BackendState.NotFound, "the keys of the run name no Jenkins job");
        }

        var knowable = asked.Where(a => a.IsKnowable).ToList();
        var queue = knowable.Any(a => a.Build is null) ? await client.QueueAsync(cancellationToken).ConfigureAwait(false) : default;
        var items = ById(queue.Value);
        var waiting = knowable.Where(a => a.Build is null && ItemOf(a, items) is not null).ToList();
        foreach (var one in waiting)
        {
            reports[one] = OfItem(one, ItemOf(one, items)!);
        }

        await Parallel.ForEachAsync(
            knowable.Except(waiting).GroupBy(a => a.Project!),
            new ParallelOptions { MaxDegreeOfParallelism = JobsAtOnce, CancellationToken = cancellationToken },
            async (group, token) => await OfJobAsync(group.Key, [.. group], queue.Fault, reports, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private static Dictionary<long, JenkinsItem> ById(JenkinsQueue? queue)
    {
        var items = new Dictionary<long, JenkinsItem>();
        foreach (var item in queue?.Items ?? [])
        {
            if (item?.Id is { } id)
            {
                items[id] = item;
            }
        }

        return items;
    }

    private static JenkinsItem? ItemOf(Asked asked, Dictionary<long, JenkinsItem> items) =>
        asked.Queue is { } id && items.TryGetValue(id, out var item) && JenkinsMarker.CouldBe(item.Actions, asked.Run.Marker) ? item : null;

    private async Task OfJobAsync(JenkinsProject project, List<Asked> asked, JenkinsFault? queueFault, ConcurrentDictionary<Asked, BackendReport> reports, CancellationToken cancellationToken)
    {
        var most = asked.Count <= Fewest ? Fewest : Math.Min(2 * asked.Count, JenkinsSearch.Deep);
        var builds = await client.BuildsAsync(project, most, cancellationToken).ConfigureAwait(false);
        if (builds.Value is not { } seen)
        {
            foreach (var one in asked)
            {
                reports[one] = OfFault(one, builds.Fault!);
            }

            return;
        }

        var missing = Take(asked, seen.Builds, reports);
        if (missing.Count > MostAlone && seen.HasMore && most < JenkinsSearch.Deep && (await client.BuildsAsync(project, JenkinsSearch.Deep, cancellationToken).ConfigureAwait(false)).Value is { } deeper)
        {
            (seen, missing) = (deeper, Take(missing, deeper.Builds, reports));
        }

        await Parallel.ForEachAsync(
            missing,
            new ParallelOptions { MaxDegreeOfParallelism = AloneAtOnce, CancellationToken = cancellationToken },
            async (one, token) => reports[one] = one.Build is { } number
                ? await OfBuildAsync(one, number, token).ConfigureAwait(false)
                : await OfItemAsync(one, seen, queueFault, token).ConfigureAwait(false)).ConfigureAwait(false);
    }

    // Reports those that are among the builds, and answers the others.
    private List<Asked> Take(List<Asked> asked, IReadOnlyList<JenkinsBuild> builds, ConcurrentDictionary<Asked, BackendReport> reports)
    {
        var byNumber = new Dictionary<long, JenkinsBuild>();
        var byQueue = new Dictionary<long, JenkinsBuild>();
        var byMarker = new Dictionary<string, JenkinsBuild>(StringComparer.Ordinal);
        foreach (var build in builds)
        {
            byNumber[build.Number!.Value] = build;
            if (build.QueueId is > 0)
            {
                byQueue[build.QueueId.Value] = build;
            }

            if (JenkinsMarker.Of(build.Actions) is { } marker)
            {
                // The oldest stays: a person may have repeated the build with all its parameters.
                byMarker[marker] = build;
            }
        }

        var missing = new List<Asked>();
        foreach (var one in asked)
        {
            var build = one.Build is { } number
                ? byNumber.GetValueOrDefault(number)
                : one.Queue is { } queue && byQueue.GetValueOrDefault(queue) is { } found && JenkinsMarker.CouldBe(found.Actions, one.Run.Marker)
                    ? found
                    : byMarker.GetValueOrDefault(one.Run.Marker);
            if (build is null)
            {
                missing.Add(one);
            }
            else
            {
                reports[one] = OfBuild(one, build);
            }
        }

        return missing;
    }

    private async Task<BackendReport> OfBuildAsync(Asked asked, long number, CancellationToken cancellationToken)
    {
        var build = await client.BuildAsync(asked.Project!, number, cancellationToken).ConfigureAwait(false);
        return build.Value is { } found ? OfBuild(asked, found) : OfFault(asked, build.Fault!);
    }

    // Neither waiting nor among the newest builds: just gone from the queue, taken out of it, or long since a build.
    private async Task<BackendReport> OfItemAsync(Asked asked, JenkinsHistory seen, JenkinsFault? queueFault, CancellationToken cancellationToken)
    {
        if (queueFault is not null)
        {
            return OfFault(asked, queueFault);
        }

        if (asked.Queue is { } id)
        {
            var item = await client.ItemAsync(id, cancellationToken).ConfigureAwait(false);
            if (item.Fault is { IsMissing: false } fault)
            {
                return OfFault(asked, fault);
            }

            if (item.Value is { } found && JenkinsMarker.CouldBe(found.Actions, asked.Run.Marker))
            {
                // A build that is too young to be seen is as good as waiting.
                return found.Executable?.Number is { } number && await OfBuildAsync(asked, number, cancellationToken).ConfigureAwait(false) is { State: not BackendState.NotFound } build
                    ? build
                    : OfItem(asked, found);
            }
        }

        if (seen is { HasMore: true, Most: < JenkinsSearch.Deep })
        {
            var builds = await client.BuildsAsync(asked.Project!, JenkinsSearch.Deep, cancellationToken).ConfigureAwait(false);
            if (builds.Value is not { } all)
            {
                return OfFault(asked, builds.Fault!);
            }

            if (JenkinsMarker.Pick(all.Builds, asked.Run.Marker, asked.Queue) is { } build)
            {
                return OfBuild(asked, build);
            }

            seen = all;
        }

        return seen.ReachesBackTo(asked.Queue)
            ? Report(asked, BackendState.NotFound, "Jenkins has neither a queue item nor a build of this run")
            : OfFault(asked, JenkinsSearch.TooMany(asked.Project!));
    }

    private BackendReport OfItem(Asked asked, JenkinsItem item)
    {
        var why = item.Why is { Length: > 0 } text ? Moving().Replace(text, string.Empty).Trim() : null;
        var report = new BackendReport
        {
            Marker = asked.Run.Marker,
            State = item.Cancelled == true ? BackendState.Aborted : BackendState.Queued,
            Word = JenkinsWords.OfItem(item),
            Url = UrlOf(asked.Project!, null),
        };
        return item.Cancelled == true
            ? report with { Reason = why is null ? "cancelled in Jenkins' queue" : $"cancelled in Jenkins' queue; it waited because: {why}" }
            : report with { Reason = why };
    }

    private BackendReport OfBuild(Asked asked, JenkinsBuild build)
    {
        if (!JenkinsMarker.CouldBe(build.Actions, asked.Run.Marker))
        {
            return Report(asked, BackendState.NotFound, Said($"build {build.Number} of the Jenkins job is that of another run"));
        }

        var state = JenkinsWords.OfBuild(build.Building, build.Result, settings);
        var isOver = state is BackendState.Succeeded or BackendState.Failed or BackendState.Aborted;
        var started = build.Timestamp is > 0 and { } at ? DateTimeOffset.FromUnixTimeMilliseconds(Math.Min(at, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())) : (DateTimeOffset?)null;
        return new BackendReport
        {
            Marker = asked.Run.Marker,
            State = state,
            Word = state == BackendState.Running ? JenkinsWords.Running : build.Result,
            Reason = state switch
            {
                BackendState.Running => null,
                BackendState.Succeeded when build.Result == "SUCCESS" => null,
                BackendState.Unreachable => Said($"Jenkins says '{build.Result ?? "nothing"}' of build {build.Number}, which is no known end"),
                _ => Said($"build {build.Number} ended {build.Result}"),
            },
            Keys = JenkinsKeys.Of(backendId, asked.Project!, asked.Queue ?? build.QueueId, build.Number),
            Url = UrlOf(asked.Project!, build.Number),
            StartedAt = started,
            EndedAt = isOver && build.Duration is > 0 and < 4_000_000_000_000 ? started?.AddMilliseconds(build.Duration.Value) : null,
        };
    }

    private static BackendReport OfFault(Asked asked, JenkinsFault fault) => fault.IsMissing
        ? Report(asked, BackendState.NotFound, "Jenkins does not know the job or the build, or its user may not see it")
        : Report(asked, BackendState.Unreachable, fault.Reason) with { RetryAfter = fault.RetryAfter };

    private static BackendReport Report(Asked asked, BackendState state, string reason) => new() { Marker = asked.Run.Marker, State = state, Reason = reason };

    private string UrlOf(JenkinsProject project, long? build) =>
        new Uri(settings.Url, project.EncodedPath + (build is { } number ? Said($"{number}/") : string.Empty)).AbsoluteUri;

    private static string Said(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    // What counts down would be a new reason at every look.
    [GeneratedRegex(@"\s*\(ETA:[^)]*\)|\s*Expires in [0-9.,]+ [a-z]+", RegexOptions.IgnoreCase, matchTimeoutMilliseconds: 500)]
    private static partial Regex Moving();

    private sealed class Asked(BackendRunRef run, JenkinsProject? project, long? queue, long? build)
    {
        public BackendRunRef Run { get; } = run;

        public JenkinsProject? Project { get; } = project;

        public long? Queue { get; } = queue;

        public long? Build { get; } = build;

        public bool IsKnowable => Project is not null && (Queue ?? Build) is not null;
    }
}
