using System.Text;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Tests.Docs;

/// <summary>The C# lines of the README, between the two marks. <see cref="ReadmeSampleTests"/> compares and runs them.</summary>
internal static class ReadmeSample
{
    public static async Task RunAsync(Uri url, TextWriter console)
    {
        // readme:begin
        using var ascob = new AscobClient(url, "rootToken");

        var job = JobSpec.Builder("alice")
            .WithDescription("nightly report")
            .WithLabel("shell_command", "echo report for $DAY")
            .WithParameter("DAY", "Monday")
            .WithLock("reports")
            .Build();

        var runId = await ascob.SubmitAsync(job);
        var run = await ascob.WaitForCompletionAsync(runId, TimeSpan.FromMinutes(1));
        console.WriteLine($"{run.Status}: {run.StatusReason ?? "done"}");

        using var output = new MemoryStream();
        await ascob.CopyOutputAsync(runId, output);
        console.Write(Encoding.UTF8.GetString(output.ToArray()));

        // readme:end
    }
}
