using Ascob.Core.Jobs;
using Ascob.Core.Runs;

namespace Ascob.Bench.Chaos;

/// <summary>A job and how it must end.</summary>
/// <param name="Key">Its name: the Idempotency-Key and a label of the run.</param>
/// <param name="Spec">What is submitted.</param>
/// <param name="End">The status at the end.</param>
/// <param name="ExitCode">The exit code at the end; null where there is none to expect.</param>
/// <param name="Attempts">How often it is carried out.</param>
/// <param name="WritesLedger">Whether it is a shell job, whose starts and ends are on record.</param>
/// <param name="StopAfter">The pause after which it is asked to stop; null for never.</param>
internal sealed record ChaosJob(string Key, JobSpec Spec, RunStatus End, int? ExitCode, int Attempts, bool WritesLedger, TimeSpan? StopAfter);
