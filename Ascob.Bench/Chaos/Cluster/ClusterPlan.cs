using System.Globalization;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Bench.Chaos.Cluster;

/// <summary>The jobs: each writes down when and where it begins and ends, with the fencing number of every lock that it holds. Some are a worker's, some fail at first, some go on until they are stopped.</summary>
internal sealed class ClusterPlan(ClusterSettings settings, string ledger)
{
    /// <summary>The label that all workers have.</summary>
    public const string AnyWorker = "chaos_pool=any";

    private const string PoolLabel = "chaos_pool";
    private const string OwnLabel = "chaos_worker";

    /// <summary>Gets the folder in which jobs leave a mark of their own.</summary>
    public string Marks { get; } = Directory.CreateDirectory(ledger + ".marks").FullName;

    /// <summary>Answers the file that a job which waits for its stop makes when it has begun; it names the directory of the job.</summary>
    public string BegunMark(string key) => Path.Combine(Marks, key);

    /// <summary>Answers the labels of a worker, from 1.</summary>
    public static string WorkerLabels(int n) => Text($"{AnyWorker},{OwnLabel}={n}");

    /// <summary>Answers the job of this number, from 0.</summary>
    public ClusterJob At(int n)
    {
#pragma warning disable CA5394 // A seed that makes the same jobs again is what is wanted.
        var random = new Random(unchecked((settings.Seed * 397) + n));
        var kind = random.Next(100);
        var worker = settings.Workers > 0 && random.Next(4) == 0;
        var locks = Locks(random);
        var key = Text($"cluster-{settings.Seed}-{n}");
        var builder = JobSpec.Builder("chaos").WithParameter("CHAOS_LEDGER", ledger).WithParameter("CHAOS_KEY", key).WithParameter("CHAOS_MARK", BegunMark(key));
        builder = (worker, random.Next(2)) switch
        {
            (false, _) => builder.WithLabel("_execution_backend_id", "shell"),
            (_, 0) => builder.WithLabel(PoolLabel, "any"),
            _ => builder.WithLabel(OwnLabel, Text($"{random.Next(settings.Workers) + 1}")),
        };

        // Workers have few places: longer jobs fill them.
        var work = Text($"sleep {random.Next(5, 60) * (worker ? 6 : 1) / 1000.0}");
#pragma warning restore CA5394
        var (body, starts, end) = kind switch
        {
            < 3 => (UntilStopped, 1, RunStatus.Aborted),

            // A folder can be made once: the first attempt fails, the second does not.
            < 9 => ($"say B\n{work}\nsay E\nmkdir \"$CHAOS_MARK\" 2>/dev/null && exit 7", 2, RunStatus.Succeeded),
            _ => ($"say B\n{work}\nsay E", 1, RunStatus.Succeeded),
        };
        if (starts > 1)
        {
            builder = builder.WithRetry(4, TimeSpan.Zero, "failed");
        }

        // A job that waits for its stop is long; a third of them keep no lock and fill places only.
        if (end == RunStatus.Aborted && kind == 0)
        {
            locks = [];
        }

        var spec = builder.WithLabel("shell_command", $"{Say(locks)}\n{body}\necho done $CHAOS_KEY").Build();
        return new ClusterJob(key, settings.Naive ? spec : spec with { Locks = locks }, starts, end);
    }

    // Goes on until it is stopped, or until this harness has tidied up.
    private const string UntilStopped = """
        trap 'say S; exit 143' TERM
        say B
        pwd >"$CHAOS_MARK.new"
        mv "$CHAOS_MARK.new" "$CHAOS_MARK"
        while [ -e "$CHAOS_LEDGER" ]; do sleep 0.2; done
        """;

    private List<LockSpec> Locks(Random random)
    {
#pragma warning disable CA5394 // As above.
        var first = random.Next(settings.Locks);
        var kind = random.Next(100);
        List<LockSpec> locks = [new(Name(first), kind < 10 ? LockMode.Shared : LockMode.Exclusive)];
        if (kind >= 80 && settings.Locks > 1)
        {
            // A second one in any order: opposite orders must not block each other for ever.
            locks.Insert(random.Next(2), new LockSpec(Name((first + random.Next(1, settings.Locks)) % settings.Locks)));
        }
#pragma warning restore CA5394

        return locks;
    }

    private static string Name(int n) => Text($"chaos-{n}");

    // One that was not granted shows as 0.
    private static string Fence(string name) => $"${{ASCOB_LOCK_{name.ToUpperInvariant().Replace('-', '_')}:-0}}";

    // One write, appended: the order of the lines is the order of what happened.
    private static string Say(List<LockSpec> locks)
    {
        var held = locks.Count == 0 ? "-" : string.Join(',', locks.Select(l => $"{l.Key}:{(l.Mode == LockMode.Shared ? "s" : "x")}:{Fence(l.Key)}"));
        return $"say() {{ printf '%s %s %s %s %s\\n' \"$1\" \"$CHAOS_KEY\" \"$ASCOB_RUN\" \"$PWD\" \"{held}\" >>\"$CHAOS_LEDGER\"; }}";
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A job with the key under which it is submitted, and what must become of it.</summary>
/// <param name="Key">The Idempotency-Key.</param>
/// <param name="Spec">What is submitted.</param>
/// <param name="Starts">How often it starts.</param>
/// <param name="End">The status at the end; <see cref="RunStatus.Aborted"/> for those that a client stops.</param>
internal sealed record ClusterJob(string Key, JobSpec Spec, int Starts, RunStatus End)
{
    /// <summary>Gets a value indicating whether a client stops it.</summary>
    public bool IsStopped => End == RunStatus.Aborted;
}
