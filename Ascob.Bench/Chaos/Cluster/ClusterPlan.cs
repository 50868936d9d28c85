using System.Globalization;
using Ascob.Core.Jobs;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>The jobs: each writes down when it begins and ends, with the fencing number of every lock that it holds.</summary>
internal sealed class ClusterPlan(ClusterSettings settings, string ledger)
{
    /// <summary>Answers the job of this number, from 0.</summary>
    public ClusterJob At(int n)
    {
#pragma warning disable CA5394 // A seed that makes the same jobs again is what is wanted.
        var random = new Random(unchecked((settings.Seed * 397) + n));
        var first = random.Next(settings.Locks);
        var kind = random.Next(100);
        List<LockSpec> locks = [new(Name(first), kind < 10 ? LockMode.Shared : LockMode.Exclusive)];
        if (kind >= 80 && settings.Locks > 1)
        {
            // A second one in any order: opposite orders must not block each other for ever.
            locks.Insert(random.Next(2), new LockSpec(Name((first + random.Next(1, settings.Locks)) % settings.Locks)));
        }

        var key = Text($"cluster-{settings.Seed}-{n}");
        var held = string.Join(',', locks.Select(l => $"{l.Key}:{(l.Mode == LockMode.Shared ? "s" : "x")}:{Fence(l.Key)}"));
        var spec = JobSpec.Builder("chaos")
            .WithLabel("_execution_backend_id", "shell")
            .WithParameter("CHAOS_LEDGER", ledger)
            .WithParameter("CHAOS_KEY", key)
            .WithLabel("shell_command", $"{Line("B", held)}\nsleep {Text($"{random.Next(5, 60) / 1000.0}")}\n{Line("E", held)}\necho done $CHAOS_KEY")
            .Build();
#pragma warning restore CA5394
        return new ClusterJob(key, settings.Naive ? spec : spec with { Locks = locks });
    }

    private static string Name(int n) => Text($"chaos-{n}");

    // One that was not granted shows as 0.
    private static string Fence(string name) => $"${{ASCOB_LOCK_{name.ToUpperInvariant().Replace('-', '_')}:-0}}";

    // One write, appended: the order of the lines is the order of what happened.
    private static string Line(string mark, string held) => $"printf '{mark} %s %s %s\\n' \"$CHAOS_KEY\" \"$ASCOB_RUN_ID\" \"{held}\" >>\"$CHAOS_LEDGER\"";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A job with the key under which it is submitted.</summary>
internal sealed record ClusterJob(string Key, JobSpec Spec);
