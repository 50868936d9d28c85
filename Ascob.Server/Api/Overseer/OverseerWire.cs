using System.Globalization;
using Ascob.Core.Client;
using Ascob.Core.Repository;
using Ascob.Core.Runs;
using Ascob.Server.Repository;

namespace Ascob.Server.Api.Overseer;

/// <summary>Puts jobs and executions into Overseer's words.</summary>
internal static class OverseerWire
{
    public static OverseerDefinition Definition(RepositoryJob job) => new()
    {
        File = job.File,
        Description = job.Description,
        Command = job.Command,
        Script = job.Script,
        Timeout = job.TimeoutSeconds,
        Vars = [.. job.Variables.Select(v => new OverseerVariable(v.Name, v.Type.ToString().ToLowerInvariant(), v.Option, v.Values.Count > 0 ? v.Values : null))],
        Schedule = [.. job.Schedule.Select(s => new OverseerTrigger(s.Time, s.Cron ?? s.Seconds?.ToString(CultureInfo.InvariantCulture), s.Priority))],
        Env = job.Environment,
        User = job.User,
        Group = job.Group,
    };

    public static OverseerStarted Started(Run run, string url) => new(Server.Repository.Overseer.JobOf(run)!, ExecutionIds.Of(run), "start", url, run.Id);

    public static OverseerExecution Execution(Run run, IReadOnlyList<ExecutionEvent> events) => new()
    {
        Job = Server.Repository.Overseer.JobOf(run)!,
        Execution = ExecutionIds.Of(run),
        Status = events[^1].Name,
        Outcome = ExecutionEvents.Outcome(run),
        Started = run.StartedAt,
        Ended = run.EndedAt,
        ExitCode = run.ExitCode,
        Reason = run.StatusReason,
        Variables = RepositoryJobs.ValuesOf(run).Json,
        Trigger = Server.Repository.Overseer.TriggerOf(run),
        Commit = run.Spec.Label(RepositoryLabels.Commit),
        RunId = run.Id,
        Events = [.. events.Select(Event)],
    };

    public static OverseerEvent Event(ExecutionEvent e) => new(e.Name, e.Cause, e.Time, e.Source, e.Signalled);

    public static RepositoryError Error(FileError e) => new(e.File, e.Line, e.Message);
}
