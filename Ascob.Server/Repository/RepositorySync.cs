using Ascob.Core.Errors;
using Ascob.Core.Notifications;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Repository;

/// <summary>
/// Brings the jobs to what the repository says. Several servers look at it, and whichever is first applies a commit: the state is read before the repository is asked, and replaced only if it is still the same, so that
/// none goes back to a commit that another one has left.
/// </summary>
internal sealed partial class RepositorySync(
    GitSource source,
    IRepositoryStore store,
    IRepositoryPublisher publisher,
    ServerIdentity server,
    IOptions<RepositoryOptions> options,
    ReceiverAddresses addresses,
    IOptions<NotificationOptions> notifications,
    MonotonicClock clock,
    RepositoryMetrics metrics,
    ILogger<RepositorySync> logger) : IDisposable
{
    private const int MostTries = 5;

    private readonly SemaphoreSlim _gate = new(1);

    /// <summary>Gets what this server saw when it looked last.</summary>
    public RepositoryLook LastLook { get; private set; } = new(null, null, null);

    /// <summary>Gets the settings that decide how a commit is read; another value of them has it read again.</summary>
    private string Reading => $"3 {options.Value.Path.Trim('/')} {string.Join(' ', notifications.Value.AllowedInternal.Order(StringComparer.Ordinal))}".TrimEnd();

    private Error NotConfigured { get; } = new(ErrorKind.Conflict, "repository.none", "No repository is configured: set Ascob:Repository:Url.");

    /// <summary>Looks at the repository, and applies what is new where that is wanted.</summary>
    /// <param name="apply">Whether it is applied.</param>
    /// <param name="expected">The commit that must be the latest, such as that of the plan which somebody has read; null for whichever it is.</param>
    /// <param name="cancellationToken">Stops the call.</param>
    public async Task<Result<RepositoryPlan>> RefreshAsync(bool apply, string? expected, CancellationToken cancellationToken)
    {
        if (!options.Value.IsConfigured)
        {
            return NotConfigured;
        }

        await _gate.WaitAsync(cancellationToken);
        try
        {
            for (var tries = 0; tries < MostTries; tries++)
            {
                var before = await store.ReadAsync(cancellationToken);
                var plan = await PlanAsync(before.State, cancellationToken);
                if (expected is not null && plan.Commit != expected)
                {
                    return new Error(ErrorKind.Conflict, "repository.moved", $"The latest commit is {plan.Commit}, not {expected}; nothing was applied. Read the plan again.");
                }

                if (!apply || await ApplyAsync(before, plan, cancellationToken))
                {
                    return plan;
                }
            }

            return new Error(ErrorKind.Unavailable, "repository.busy", "Another server applies the repository just now; ask again.");
        }
        catch (GitException e)
        {
            Note(e.Message);
            return new Error(ErrorKind.Unavailable, "repository.unreachable", e.Message);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Does what is left to do of the commit that holds: where a server went away before it was done, or a run of a job that is gone kept its definition. Needs no repository.</summary>
    public async Task FinishAsync(CancellationToken cancellationToken)
    {
        if (!options.Value.IsConfigured)
        {
            return;
        }

        var stored = await store.ReadAsync(cancellationToken);
        if (stored.State.Commit is { } commit && stored.State.Published != commit)
        {
            await publisher.PublishAsync(stored, cancellationToken);
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<RepositoryPlan> PlanAsync(RepositoryState now, CancellationToken cancellationToken)
    {
        var begun = clock.Time.GetTimestamp();
        string? tip = null;
        try
        {
            tip = await source.LookAsync(cancellationToken);
        }
        finally
        {
            metrics.Looked(tip is not null, clock.Time.GetElapsedTime(begun));
        }

        var isNew = tip != now.Commit || now.Reading != Reading;
        var plan = isNew
            ? RepositoryPlan.Make(now, await source.ReadAsync(tip, (c, stop) => c.ReadJobs(stop, addresses.IsInside), cancellationToken))
            : RepositoryPlan.OfNothing(now);
        if (LastLook.Problem is { } problem)
        {
            LogBack(logger, problem);
        }

        LastLook = new RepositoryLook(clock.Now, tip, null);
        if (!isNew)
        {
            return plan;
        }

        var rewritten = now.Commit is { } earlier && earlier != tip && !await source.FollowsAsync(tip, earlier, cancellationToken);
        return plan with { Next = plan.Next with { Rewritten = rewritten, Reading = Reading } };
    }

    private async Task<bool> ApplyAsync(StoredState before, RepositoryPlan plan, CancellationToken cancellationToken)
    {
        var (stored, next) = (before, plan.Next);
        if (before.State.Commit != plan.Commit || before.State.Reading != next.Reading)
        {
            next = next with { AppliedAt = clock.Now, AppliedBy = server.Name, Published = null };
            if (!await store.TryReplaceAsync(before, next, cancellationToken))
            {
                return false;
            }

            stored = StoredState.Of(next);
            LogApplied(logger, plan.Commit, plan.Changes.Count(c => c.Kind is not (JobChangeKind.Unchanged or JobChangeKind.Kept)), next.Errors.Count, next.Rewritten);
        }

        // Also where another server, or an earlier life of this one, applied the commit and went away before the rest was done.
        if (next.Published != next.Commit)
        {
            await publisher.PublishAsync(stored, cancellationToken);
        }

        return true;
    }

    private void Note(string problem)
    {
        if (LastLook.Problem != problem)
        {
            LogAway(logger, problem);
        }

        LastLook = LastLook with { At = clock.Now, Problem = problem };
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Problem} The jobs stay as they are.")]
    private static partial void LogAway(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "The repository can be read again; before it was: {Problem}")]
    private static partial void LogBack(ILogger logger, string problem);

    [LoggerMessage(Level = LogLevel.Information, Message = "Commit {Commit} of the repository was applied: {Changes} jobs are new, other or gone, {Errors} errors, history rewritten: {Rewritten}")]
    private static partial void LogApplied(ILogger logger, string commit, int changes, int errors, bool rewritten);
}

/// <summary>What a server saw of the repository.</summary>
/// <param name="At">When it looked last; null for never.</param>
/// <param name="Tip">Where the branch stood when it could be seen last; null for never.</param>
/// <param name="Problem">Why it cannot be seen; null where it can.</param>
internal sealed record RepositoryLook(DateTimeOffset? At, string? Tip, string? Problem);
