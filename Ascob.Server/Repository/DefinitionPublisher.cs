using System.Globalization;
using Ascob.Core.Access;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Repository;

namespace Ascob.Server.Repository;

/// <summary>
/// Keeps a definition for each job of the repository, so that portals find it in their catalogue and every other interface can launch it. A version is made where the job changes, and names the commit of that change.
/// </summary>
internal sealed partial class DefinitionPublisher(
    DefinitionService definitions, IDefinitionStore store, IRepositoryStore states, IEnumerable<IDefinitionFollower> followers, ILogger<DefinitionPublisher> logger) : IRepositoryPublisher
{
    /// <summary>The source of these definitions: they are changed by commits only.</summary>
    public const string Source = RepositoryLabels.Source;

    private const string CommitKey = "repository.commit";
    private const string AuthorKey = "repository.author";
    private const int Page = 200;
    private const int MostTries = 10;

    private static readonly Caller Repository = new("repository", Permissions.All.ToHashSet(StringComparer.Ordinal), null, null);

    /// <inheritdoc/>
    public async Task PublishAsync(StoredState stored, CancellationToken cancellationToken)
    {
        var complete = true;
        foreach (var (name, known) in stored.State.Jobs)
        {
            if (await PublishAsync(name, known, stored, cancellationToken) is not { } done)
            {
                await DisturbAsync(stored, cancellationToken);
                return;
            }

            complete &= done;
        }

        if (await RemoveOthersAsync(stored, cancellationToken) is not { } removed)
        {
            await DisturbAsync(stored, cancellationToken);
            return;
        }

        await SettleAsync(stored, complete && removed, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task PublishJobAsync(string name, bool restIsPublished, StoredState stored, CancellationToken cancellationToken)
    {
        if (await PublishAsync(name, stored.State.Jobs[name], stored, cancellationToken) is { } done)
        {
            await SettleAsync(stored, done && restIsPublished, cancellationToken);
        }
        else
        {
            await DisturbAsync(stored, cancellationToken);
        }
    }

    // Notes that all is done where it is, and sees to it that it is done again where another state has come to hold meanwhile.
    private async Task SettleAsync(StoredState stored, bool complete, CancellationToken cancellationToken)
    {
        var holds = complete
            ? await states.TryReplaceAsync(stored, stored.State with { Published = stored.State.Commit }, cancellationToken)
            : await HoldsAsync(stored, cancellationToken);
        if (!holds)
        {
            await DisturbAsync(stored, cancellationToken);
        }
    }

    private async Task<bool> HoldsAsync(StoredState stored, CancellationToken cancellationToken) =>
        string.Equals((await states.ReadAsync(cancellationToken)).Text, stored.Text, StringComparison.Ordinal);

    // The last thing that was saved here may have come after its like of the state that holds now, which has to be published anew. The count changes the text also where that is still being done, so that it is not
    // noted as done. Two servers that publish the same do each other no harm.
    private async Task DisturbAsync(StoredState stored, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MostTries; tries++)
        {
            var now = await states.ReadAsync(cancellationToken);
            if (now.HasJobsOf(stored) || await states.TryReplaceAsync(now, now.State with { Published = null, Disturbed = (now.State.Disturbed ?? 0) + 1 }, cancellationToken))
            {
                return;
            }
        }
    }

    // Null where another state holds by now.
    private async Task<bool?> PublishAsync(string name, KnownJob known, StoredState stored, CancellationToken cancellationToken)
    {
        var before = await store.FindAsync(name, cancellationToken);
        if (!await HoldsAsync(stored, cancellationToken))
        {
            return null;
        }

        if (before is not null && before.Source != Source)
        {
            LogTaken(logger, name);
            return true;
        }

        var content = Content(known);
        Result<Definition> saved;
        if (before is null)
        {
            saved = await definitions.CreateAsync(new CreateDefinition(name, content) { Source = Source, Suspended = !known.Active, Starred = false }, Repository, cancellationToken);
        }
        else
        {
            saved = IsSame(before.Content, content) ? before : await definitions.SaveAsync(name, new SaveDefinition(content) { Source = Source }, Repository, cancellationToken);
        }

        if (!saved.IsSuccess)
        {
            LogRefused(logger, name, Sentence(saved.Error));

            // What is wrong with it stays wrong; a store that is busy does not.
            return saved.Error.Kind is not (ErrorKind.Unavailable or ErrorKind.Conflict);
        }

        if (saved.Value.Suspended == known.Active)
        {
            await definitions.SetSuspendedAsync(name, !known.Active, Source, Repository, cancellationToken);
        }

        foreach (var follower in followers)
        {
            await follower.FollowAsync(saved.Value, known, cancellationToken);
        }

        return true;
    }

    // One of which a run is not final stays until it is; nobody can launch it, for the repository does not know it.
    private async Task<bool?> RemoveOthersAsync(StoredState stored, CancellationToken cancellationToken)
    {
        var complete = true;
        string? after = null;
        do
        {
            var page = await store.ListAsync(new DefinitionSearch { Source = Source, AfterName = after, Limit = Page }, cancellationToken);
            foreach (var old in page.Items.Where(d => !stored.State.Jobs.ContainsKey(d.Name)))
            {
                if (!await HoldsAsync(stored, cancellationToken))
                {
                    return null;
                }

                var deleted = await definitions.DeleteAsync(old.Name, Source, Repository, cancellationToken);
                if (!deleted.IsSuccess && deleted.Error.Kind != ErrorKind.NotFound)
                {
                    await definitions.SetSuspendedAsync(old.Name, true, Source, Repository, cancellationToken);
                    complete = false;
                }
            }

            after = page.NextAfterName;
        }
        while (after is not null);
        return complete;
    }

    private static DefinitionContent Content(KnownJob known)
    {
        var job = known.Job;
        var annotations = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [CommitKey] = known.Commit,
            [AuthorKey] = known.Author ?? string.Empty,
            ["repository.file"] = job.File,
        };
        if ((job.Command ?? job.Script) is { } program)
        {
            annotations[job.Script is null ? "repository.command" : "repository.script"] = program;
        }

        // What the job does is bound at each launch; here stands what tells it from others.
        return new DefinitionContent
        {
            Description = job.Description,
            JobSpec = new JobSpec
            {
                Labels = new Dictionary<string, string>(StringComparer.Ordinal) { [RepositoryLabels.Job] = job.Name, [RepositoryLabels.Command] = ":" },
                Parameters = job.Environment.Count > 0 ? job.Environment : null,
                TimeoutSeconds = job.TimeoutSeconds,
            },
            Parameters = VariableSchema.Of(job),
            Tags = ["repository"],
            Annotations = annotations,
        };
    }

    private static bool IsSame(DefinitionContent one, DefinitionContent other) => string.Equals(Text(one), Text(other), StringComparison.Ordinal);

    private static string Text(DefinitionContent content) => (content with
    {
        Annotations = content.Annotations.Where(a => a.Key is not (CommitKey or AuthorKey)).OrderBy(a => a.Key, StringComparer.Ordinal).ToDictionary(a => a.Key, a => a.Value, StringComparer.Ordinal),
    }).ToJson();

    private static string Sentence(Error error) =>
        error.Fields is { Count: > 0 } fields ? string.Join("; ", fields.Take(3).Select(f => string.Create(CultureInfo.InvariantCulture, $"{f.Key} {f.Value[0]}"))) : error.Message;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The job {Job} of the repository is in no catalogue: a definition of that name was made over the API")]
    private static partial void LogTaken(ILogger logger, string job);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The job {Job} of the repository is in no catalogue: {Reason}")]
    private static partial void LogRefused(ILogger logger, string job, string reason);
}

/// <summary>Keeps more for the definition of a repository job, such as its schedules.</summary>
internal interface IDefinitionFollower
{
    /// <summary>Brings what it keeps to what the job says. Done again and again.</summary>
    Task FollowAsync(Definition definition, KnownJob known, CancellationToken cancellationToken);
}
