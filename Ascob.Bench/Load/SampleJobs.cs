using System.Globalization;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;

namespace Ascob.Bench.Load;

/// <summary>The jobs of the measurements.</summary>
internal static class SampleJobs
{
    private const int Parameters = 8;
    private static readonly string Filler = new('x', 100);

    /// <summary>About 1 KB: eight parameters of 100 bytes and three labels; its backend ends it at once.</summary>
    public static JobSpec Dummy(int n, bool held = false)
    {
        var builder = JobSpec.Builder(Invariant($"user-{n % 100}"))
            .WithDescription(Invariant($"load {n}"))
            .WithLabel("_execution_backend_id", "dummyBackend")
            .WithLabel("env", (n % 3) switch { 0 => "prod", 1 => "test", _ => "dev" })
            .WithLabel("team", Invariant($"team-{n % 50}"));
        for (var i = 0; i < Parameters; i++)
        {
            builder.WithParameter(Invariant($"parameter{i}"), Filler);
        }

        return builder.Build() with { ManualStart = held };
    }

    /// <summary>A job of the local shell.</summary>
    public static JobSpec Shell(string command) => JobSpec.Builder("bench")
        .WithLabel("_execution_backend_id", "shell")
        .WithLabel("shell_command", command)
        .Build();

    public static string Body(JobSpec spec) => JsonSerializer.Serialize(new SubmitRunRequest(spec), AscobJson.Options);

    /// <summary>Answers requests that go round a prepared set, so that making them costs nothing while the clock runs.</summary>
    public static Func<int, byte[]> Requests(Func<int, JobSpec> spec, string? token, string path = "/api/runs", int variety = 1500)
    {
        var made = Enumerable.Range(0, variety).Select(n => HttpText.Post(path, Body(spec(n)), token)).ToArray();
        return n => made[n % made.Length];
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
