using System.Globalization;
using System.Net;
using System.Text;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Server.Cli.Demo;

/// <summary>Submits the jobs of the demo and tells what happens to them.</summary>
internal sealed class DemoTour(AscobClient client, TextWriter output)
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <summary>Shows the jobs; answers whether all ended as they should.</summary>
    public async Task<bool> ShowAsync(IReadOnlyList<DemoBackend> backends, CancellationToken cancellationToken)
    {
        var jobs = backends.SelectMany(b => b.Jobs).ToList();
        var submitted = new List<(DemoJob Job, JobSpec Spec, long RunId)>();
        foreach (var job in jobs)
        {
            var spec = new JobSpec
            {
                Submitter = "demo",
                Description = job.Title,
                Labels = job.Labels,
                Parameters = job.Parameters.Count > 0 ? job.Parameters : null,
            };
            submitted.Add((job, spec, await client.SubmitAsync(spec, cancellationToken: cancellationToken)));
        }

        var ended = new List<RunInfo>();
        foreach (var (_, spec, runId) in submitted)
        {
            ended.Add(await ShowRunAsync(spec, runId, cancellationToken));
        }

        Summarise(ended);
        return ended.Zip(submitted).All(pair => pair.First.Status == pair.Second.Job.End);
    }

    private async Task<RunInfo> ShowRunAsync(JobSpec spec, long runId, CancellationToken cancellationToken)
    {
        output.WriteLine();
        output.WriteLine(CliText.Plain($"Run {runId}: {spec.Description}"));
        output.WriteLine(CliText.Plain($"  labels    {string.Join(", ", spec.Labels!.Where(l => !l.Key.EndsWith("_output", StringComparison.Ordinal)).Select(l => $"{l.Key}={l.Value}"))}"));
        var decision = await client.ExplainAsync(spec, cancellationToken);
        foreach (var candidate in decision.Candidates)
        {
            output.WriteLine(CliText.Plain($"  routing   {(candidate.BackendId == decision.BackendId ? "goes to" : "could go to")} {candidate.BackendId}: {string.Join(", ", candidate.Reasons)}"));
        }

        var run = await client.WaitForCompletionAsync(runId, Longest, cancellationToken);
        await ShowTimelineAsync(run, cancellationToken);
        await ShowOutputAsync(run, cancellationToken);
        if (run.BackendUrl is { } url)
        {
            output.WriteLine(CliText.Plain($"  seen at   {url}"));
        }

        return run;
    }

    private async Task ShowTimelineAsync(RunInfo run, CancellationToken cancellationToken)
    {
        var name = "timeline";
        await foreach (var change in client.EventsAsync(run.Id, follow: false, cancellationToken))
        {
            if (change.From != change.To)
            {
                var age = (change.At - run.DefinedTime).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
                output.WriteLine(CliText.Plain($"  {name,-9} {age,4} s  {change.To.ToWire(),-15} {change.Reason}").TrimEnd());
                name = string.Empty;
            }
        }
    }

    private async Task ShowOutputAsync(RunInfo run, CancellationToken cancellationToken)
    {
        using var bytes = new MemoryStream();
        try
        {
            await client.CopyOutputAsync(run.Id, bytes, cancellationToken: cancellationToken);
        }
        catch (AscobApiException e) when (e.Status == HttpStatusCode.Conflict)
        {
            output.WriteLine(CliText.Plain($"  output    409: {e.Problem?.Detail}"));
            return;
        }

        var name = "output";
        foreach (var line in Encoding.UTF8.GetString(bytes.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            output.WriteLine(CliText.Plain($"  {name,-9} {line}").TrimEnd());
            name = string.Empty;
        }
    }

    private void Summarise(List<RunInfo> runs)
    {
        output.WriteLine();
        output.WriteLine($"{"RUN",-4} {"STATUS",-10} {"BACKEND",-16} JOB");
        foreach (var run in runs)
        {
            output.WriteLine(CliText.Plain($"{run.Id,-4} {run.Status.ToWire(),-10} {CliText.Cut(run.BackendId, 16),-16} {run.Description}"));
        }
    }
}
