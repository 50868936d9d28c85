using System.Globalization;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Bench.Chaos;

/// <summary>The jobs, in order; the same for the same seed. Most are short, some hold locks, fail at first, take long or are stopped.</summary>
internal sealed class ChaosPlan(ChaosSettings settings, string ledger)
{
    public const string KeyLabel = "chaos_key";
    private const int Locks = 4;
    private int _next;

    public int Planned => Volatile.Read(ref _next);

    public ChaosJob Next() => At(Interlocked.Increment(ref _next));

    private ChaosJob At(int n)
    {
#pragma warning disable CA5394 // A seed that makes the same jobs again is what is wanted.
        var random = new Random(unchecked((settings.Seed * 397) + n));
        var key = Text($"chaos-{settings.Seed}-{n}");
        if (settings.Backends)
        {
            var spec = PretendProducts.Job(JobSpec.Builder("chaos").WithLabel(KeyLabel, key), n);
            return new ChaosJob(key, spec.Build(), RunStatus.Succeeded, null, 1, false, null);
        }

        return random.Next(100) switch
        {
            < 60 => Dummy(key, random.Next(10) == 0 ? "failure" : "success", 0, 0),
            < 64 => Dummy(key, "success", random.Next(300), random.Next(1500)),
            < 84 => Shell(key, string.Empty, random.Next(3) == 0 ? random.Next(1, 100) : 0),
            < 92 => Locked(key, random),
            < 95 => Retried(key),
            < 98 => Shell(key, Text($"sleep {random.Next(500, 4000) / 1000.0}"), random.Next(3)),

            // A double that no client knows of would be stopped by nobody.
            _ when settings.NaiveClients => Shell(key, string.Empty, 0),
            _ => Stopped(key, TimeSpan.FromMilliseconds(random.Next(1500))),
        };
    }

    private static ChaosJob Dummy(string key, string result, int delay, int run)
    {
        var spec = Named(key, "dummyBackend").WithLabel("dummy_result", result);
        if (delay + run > 0)
        {
            spec.WithLabel("dummy_delay_ms", Text($"{delay}")).WithLabel("dummy_run_ms", Text($"{run}"));
        }

        return new ChaosJob(key, spec.Build(), result == "success" ? RunStatus.Succeeded : RunStatus.Failed, null, 1, false, null);
    }

    private ChaosJob Shell(string key, string work, int code, string fence = "0") =>
        new(key, Script(key, work, Text($"exit {code}"), fence).Build(), code == 0 ? RunStatus.Succeeded : RunStatus.Failed, code, 1, true, null);

    private ChaosJob Locked(string key, Random random)
    {
        var first = random.Next(Locks);
        var name = Text($"chaos-{first}");
        var job = Shell(key, Text($"sleep {random.Next(5, 30) / 1000.0}"), 0, Text($"${{ASCOB_LOCK_CHAOS_{first}}}"));
        List<LockSpec> locks = [new(name)];
        if (random.Next(4) == 0)
        {
            // A second one in any order: opposite orders must not block each other for ever.
            locks.Insert(random.Next(2), new LockSpec(Text($"chaos-{(first + random.Next(1, Locks)) % Locks}")));
        }
#pragma warning restore CA5394

        return job with { Spec = job.Spec with { Locks = locks } };
    }

    // A folder can be made once: the first attempt fails, the second does not.
    private ChaosJob Retried(string key) => new(
        key,
        Script(key, string.Empty, "mkdir \"$CHAOS_LEDGER.$ASCOB_RUN_ID\" 2>/dev/null && exit 7; exit 0", "0").WithRetry(3, TimeSpan.Zero, "failed").Build(),
        RunStatus.Succeeded,
        0,
        2,
        true,
        null);

    // Goes on until it is stopped, or until this harness has tidied up.
    private ChaosJob Stopped(string key, TimeSpan after) =>
        new(key, Script(key, "while [ -e \"$CHAOS_LEDGER\" ]; do sleep 0.5; done", "exit 0", "0").Build(), RunStatus.Aborted, null, 1, true, after);

    // One write each, appended: lines of jobs that run at once do not mix.
    private JobSpecBuilder Script(string key, string work, string end, string fence) => Named(key, "shell")
        .WithParameter("CHAOS_LEDGER", ledger)
        .WithParameter("CHAOS_KEY", key)
        .WithLabel("shell_command", $"{Line("S", fence)}\n{work}\n{Line("E", fence)}\n{end}");

    private static string Line(string mark, string fence) =>
        $"printf '{mark} %s %s %s %s %s\\n' \"$CHAOS_KEY\" \"$ASCOB_RUN_ID\" \"$ASCOB_RUN\" \"$(date +%s%N)\" \"{fence}\" >>\"$CHAOS_LEDGER\"";

    private static JobSpecBuilder Named(string key, string backend) =>
        JobSpec.Builder("chaos").WithLabel("_execution_backend_id", backend).WithLabel(KeyLabel, key);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
