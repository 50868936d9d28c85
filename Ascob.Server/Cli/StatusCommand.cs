using System.CommandLine;
using Ascob.Core.Client;
using Ascob.Core.Runs;

namespace Ascob.Server.Cli;

/// <summary><c>ascob status</c>: says where a run stands and why.</summary>
internal static class StatusCommand
{
    public static Command Create(CliContext context)
    {
        var run = CommandLine.RunArgument();
        var json = CliText.JsonOption();
        var events = new Option<bool>("--events") { Description = "The timeline too." };
        var command = new Command("status", "Says where a run stands and why.") { run, json, events };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var client = context.Connect(parsed);
            var info = await client.GetAsync(parsed.GetValue(run), cancellationToken);
            var timeline = parsed.GetValue(events) ? await ReadAsync(client, info.Id, cancellationToken) : null;
            if (parsed.GetValue(json))
            {
                CliText.WriteJson<object>(context.Terminal.Out, timeline is null ? info : new RunWithEvents(info, timeline));
            }
            else
            {
                Print(context.Terminal.Out, info, timeline);
            }

            return ExitCodes.Ok;
        });
        return command;
    }

    private static async Task<List<RunEventInfo>> ReadAsync(AscobClient client, long runId, CancellationToken cancellationToken)
    {
        var timeline = new List<RunEventInfo>();
        await foreach (var item in client.EventsAsync(runId, follow: false, cancellationToken))
        {
            timeline.Add(item);
        }

        return timeline;
    }

    private static void Print(TextWriter output, RunInfo run, IReadOnlyList<RunEventInfo>? timeline)
    {
        Line("run", run.Id);
        Line("status", run.Status.ToWire());
        Line("reason", run.StatusReason);
        Line("description", run.Description);
        Line("submitter", run.Submitter);
        Line("backend", run.BackendId);
        Line("exit code", run.ExitCode);
        Line("attempt", run.Attempt);
        Line("parent", run.ParentId);
        Line("defined", CliText.Time(run.DefinedTime));
        Line("submitted", CliText.Time(run.SubmissionTime));
        Line("ended", CliText.Time(run.EndTime));
        foreach (var item in run.Locks ?? [])
        {
            Line("lock", $"{item.Key}{(item.Fence is { } fence ? $" (fence {fence})" : string.Empty)}");
        }

        foreach (var item in timeline ?? [])
        {
            output.WriteLine(CliText.Plain($"{item.Seq,4}  {CliText.Time(item.At)}  {item.To.ToWire(),-14}  {item.Actor}  {item.Reason}"));
        }

        void Line(string name, object? value)
        {
            if (value is not null && CliText.Plain(value) is { Length: > 0 } text)
            {
                output.WriteLine($"{name,-12} {text}");
            }
        }
    }

    private sealed record RunWithEvents(RunInfo Run, IReadOnlyList<RunEventInfo> Events);
}
