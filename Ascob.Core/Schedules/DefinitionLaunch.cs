using Ascob.Core.Access;
using Ascob.Core.Definitions;
using Ascob.Core.Definitions.Parameters;
using Ascob.Core.Errors;
using Ascob.Core.Runs;

namespace Ascob.Core.Schedules;

/// <summary>Launches the definition of a schedule as anybody else would: with the same checks, policies and locks.</summary>
public sealed class DefinitionLaunch(IDefinitionStore definitions, DefinitionLauncher launcher) : IScheduledLaunch
{
    /// <summary>The identifier of the scheduler where a token's would stand; no token can have it.</summary>
    public const string Identifier = "(schedules)";

    private static readonly Caller Scheduler = new(Identifier, new HashSet<string>(StringComparer.Ordinal), null, null);

    /// <inheritdoc/>
    public async Task<Result<ScheduledLaunch>> LaunchAsync(ClaimedTick tick, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tick);
        if (await definitions.FindAsync(tick.Schedule.DefinitionId, cancellationToken).ConfigureAwait(false) is not { } definition)
        {
            return DefinitionService.NotFound(FormattableString.Invariant($"{tick.Schedule.DefinitionId}"));
        }

        if (definition.Suspended)
        {
            return new ScheduledLaunch(null);
        }

        var request = new LaunchRequest
        {
            Id = definition.Id,
            Parameters = tick.Schedule.Spec.Parameters,
            IdempotencyKey = tick.Tick.Key,
            Cause = new RunCause(RunCause.Schedule, FormattableString.Invariant($"{tick.Schedule.Id}: {tick.Schedule.Spec.Rhythm()} at {Jobs.AscobJson.FormatTime(tick.Tick.Tick)}")),
        };
        var result = await launcher.LaunchAsync(request, Scheduler, cancellationToken).ConfigureAwait(false);
        return result switch
        {
            { IsSuccess: true, Value: var launch } => new ScheduledLaunch(launch!.RunId, launch.Prevented),

            // Launched by a server that died before it could note so, and the parameters were changed since: that run is the one of this firing.
            { Error: { Code: "idempotency.key_reused" } error } when error.Extensions?.GetValueOrDefault("runId") is long runId => new ScheduledLaunch(runId),
            _ => result.Error!,
        };
    }

    /// <inheritdoc/>
    public async Task<ScheduledLaunch?> FindAsync(ClaimedTick tick, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tick);
        return await launcher.FindAsync(tick.Tick.Key, Scheduler, cancellationToken).ConfigureAwait(false) is { } launch ? new ScheduledLaunch(launch.RunId, launch.Prevented) : null;
    }

    /// <summary>Answers why a schedule could not launch a definition: its parameters, or a job that waits for a person; null when it could.</summary>
    public static Error? CheckParameters(Definition definition, ScheduleSpec spec)
    {
        ArgumentNullException.ThrowIfNull(definition);
        ArgumentNullException.ThrowIfNull(spec);
        if (definition.Content.JobSpec.ManualStart)
        {
            return new Error(ErrorKind.Conflict, "schedule.manual_start", $"The jobs of the definition '{definition.Name}' are started by hand (manualStart); a schedule has nobody who does.");
        }

        var schema = ParameterSchema.OfStored(definition.Content.Parameters);
        if (spec.Parameters is { ValueKind: System.Text.Json.JsonValueKind.Object } given && given.EnumerateObject().Select(p => p.Name).FirstOrDefault(schema.IsSecret) is { } secret)
        {
            return Error.Invalid(Jobs.FieldErrorList.Member("schedule.parameters", secret), "is secret, and schedules are shown to whoever may read them; give its value in the definition.");
        }

        return schema.Apply(spec.Parameters) is { IsSuccess: false, Error: { Fields: { } fields } }
            ? Error.Invalid(fields.SelectMany(f => f.Value.Select(message => new FieldError($"schedule.{f.Key}", message))))
            : null;
    }
}
