using System.Globalization;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Backends.Dummy;

/// <summary>
/// What a dummy job will do, as its labels say. Together with the time of its acceptance it is the whole job: it travels in the backend keys, so its state can be told
/// by any server at any time.
/// </summary>
/// <param name="AcceptedAt">When the job was accepted.</param>
/// <param name="DelayMilliseconds">How long it stays queued.</param>
/// <param name="RunMilliseconds">How long it runs.</param>
/// <param name="Result">How it ends.</param>
/// <param name="Output">What it prints.</param>
internal sealed record DummyPlan(DateTimeOffset AcceptedAt, long DelayMilliseconds, long RunMilliseconds, string Result, string Output)
{
    public const string DelayLabel = "dummy_delay_ms";
    public const string RunLabel = "dummy_run_ms";
    public const string ResultLabel = "dummy_result";
    public const string OutputLabel = "dummy_output";

    public const string Success = "success";
    public const string Failure = "failure";
    public const string Reject = "reject";
    public const string Unknown = "unknown";
    public const string Hang = "hang";

    private const string DefaultOutput = "Dummy output\n";
    private const int MaxOutputLength = 64 * 1024;
    private const long LongestMilliseconds = 7L * 24 * 60 * 60 * 1000;
    private static readonly string[] Results = [Success, Failure, Reject, Unknown, Hang];

    public DateTimeOffset StartsAt => AcceptedAt.AddMilliseconds(DelayMilliseconds);

    /// <summary>Gets when it ends by itself; null for never.</summary>
    public DateTimeOffset? EndsAt => Result == Hang ? null : StartsAt.AddMilliseconds(RunMilliseconds);

    public static IReadOnlyList<FieldError> Validate(JobSpec spec)
    {
        var errors = new List<FieldError>();
        CheckNumber(spec, DelayLabel, errors);
        CheckNumber(spec, RunLabel, errors);
        if (spec.Label(ResultLabel) is { } result && !Results.Contains(result, StringComparer.Ordinal))
        {
            errors.Add(Field(ResultLabel, $"'{result}' is not a result; it must be one of {string.Join(", ", Results)}."));
        }

        if (spec.Label(OutputLabel) is { Length: > MaxOutputLength })
        {
            errors.Add(Field(OutputLabel, $"The output may be {MaxOutputLength} characters long."));
        }

        return errors;
    }

    public static DummyPlan Of(JobSpec spec, DateTimeOffset now) => new(
        DateTimeOffset.FromUnixTimeMilliseconds(now.ToUnixTimeMilliseconds()),
        Number(spec.Label(DelayLabel)) ?? 0,
        Number(spec.Label(RunLabel)) ?? 0,
        spec.Label(ResultLabel, Success)!,
        spec.Label(OutputLabel, DefaultOutput)!);

    /// <summary>Reads a plan from backend keys; null when they are not those of a dummy job.</summary>
    public static DummyPlan? TryRead(IReadOnlyDictionary<string, string> keys)
    {
        if (!keys.TryGetValue("acceptedAt", out var at) || !keys.TryGetValue("plan", out var plan)
            || !long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
        {
            return null;
        }

        return plan.Split('/') is [var delay, var run, var result] && Number(delay) is { } delayValue && Number(run) is { } runValue && Results.Contains(result)
            ? new DummyPlan(DateTimeOffset.FromUnixTimeMilliseconds(milliseconds), delayValue, runValue, result, keys.GetValueOrDefault("output") ?? DefaultOutput)
            : null;
    }

    public Dictionary<string, string> ToKeys()
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["acceptedAt"] = AcceptedAt.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
            ["plan"] = string.Create(CultureInfo.InvariantCulture, $"{DelayMilliseconds}/{RunMilliseconds}/{Result}"),
        };
        if (Output != DefaultOutput)
        {
            keys["output"] = Output;
        }

        return keys;
    }

    /// <summary>Answers the state at a time. A function of the plan and the stop alone.</summary>
    public BackendReport Report(string marker, DateTimeOffset now, DateTimeOffset? stoppedAt)
    {
        var report = new BackendReport { Marker = marker, State = BackendState.Queued, StartedAt = now >= StartsAt ? StartsAt : null };
        if (stoppedAt is { } stopped && (EndsAt is not { } end || stopped < end))
        {
            return report with { State = BackendState.Aborted, Word = "stopped", Reason = "stopped on request" };
        }

        if (now < StartsAt)
        {
            return report;
        }

        if (EndsAt is not { } endsAt || now < endsAt)
        {
            return report with { State = BackendState.Running, Progress = Result == Hang ? null : (now - StartsAt).TotalMilliseconds * 100 / RunMilliseconds };
        }

        return Result == Failure
            ? report with { State = BackendState.Failed, Word = Failure, Reason = "dummy_result asked for a failure", ExitCode = 1 }
            : report with { State = BackendState.Succeeded, Word = Success, ExitCode = 0, Progress = 100 };
    }

    private static void CheckNumber(JobSpec spec, string label, List<FieldError> errors)
    {
        if (spec.Label(label) is { } text && Number(text) is null)
        {
            errors.Add(Field(label, $"'{text}' is not a whole number of milliseconds from 0 to {LongestMilliseconds}."));
        }
    }

    private static long? Number(string? text) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value <= LongestMilliseconds ? value : null;

    private static FieldError Field(string label, string message) => new($"jobSpec.labels.{label}", message);
}
