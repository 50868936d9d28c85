using System.Globalization;
using System.Text;

namespace Ascob.Demo.Rundeck;

/// <summary>An execution in a pretend Rundeck: what it does follows from its job, its start and its stop, so its state can be told at any time.</summary>
internal sealed class PretendExecution(long id, PretendRundeckJob job, IReadOnlyDictionary<string, string> options, string user, DateTimeOffset at, int attempt)
{
    // Each line is stored with a head that readers never see; so offsets are not those of the text.
    private const int LineHead = 47;

    /// <summary>Gets the number.</summary>
    public long Id { get; } = id;

    /// <summary>Gets the job.</summary>
    public PretendRundeckJob Job { get; } = job;

    /// <summary>Gets the options as they were sent.</summary>
    public IReadOnlyDictionary<string, string> Options { get; } = options;

    /// <summary>Gets as whom it runs.</summary>
    public string User { get; } = user;

    /// <summary>Gets how often it was tried before.</summary>
    public int Attempt { get; } = attempt;

    /// <summary>Gets the log level that was asked for; null for none.</summary>
    public string? LogLevel { get; init; }

    /// <summary>Gets or sets the execution that tries this one again.</summary>
    public PretendExecution? RetriedBy { get; set; }

    /// <summary>Gets or sets when it was aborted.</summary>
    public DateTimeOffset? AbortedAt { get; set; }

    /// <summary>Gets or sets whether it was ended by force.</summary>
    public bool Forced { get; set; }

    /// <summary>Gets or sets whether it was deleted.</summary>
    public bool Purged { get; set; }

    /// <summary>Gets or sets a status that is told instead of the true one.</summary>
    public string? StatusOverride { get; set; }

    /// <summary>Gets when it starts.</summary>
    public DateTimeOffset StartsAt { get; } = at + job.Queued;

    /// <summary>Gets when it ends; null for never by itself.</summary>
    public DateTimeOffset? EndsAt => AbortedAt ?? StartsAt + Job.Takes;

    /// <summary>Answers whether it has ended.</summary>
    public bool HasEnded(DateTimeOffset now) => EndsAt <= now;

    /// <summary>Answers the status.</summary>
    public string Status(DateTimeOffset now) => StatusOverride ?? (now switch
    {
        _ when AbortedAt is not null => Forced ? "other" : "aborted",
        _ when now < StartsAt => "queued",
        _ when !HasEnded(now) => "running",
        _ when RetriedBy is not null => "failed-with-retry",
        _ => Job.Result,
    });

    /// <summary>Answers the line in which the options are kept; hidden ones are not in it.</summary>
    public string ArgString() => string.Join(' ', Visible().Select(o => $"-{o.Key} {Quote(o.Value)}"));

    /// <summary>Answers the options that are not hidden.</summary>
    public Dictionary<string, string> Visible() =>
        Options.Where(o => Job.Options.All(d => d.Name != o.Key || !d.Secure)).ToDictionary(o => o.Key, o => o.Value, StringComparer.Ordinal);

    /// <summary>Answers the lines printed so far.</summary>
    public IReadOnlyList<string> Lines(DateTimeOffset now)
    {
        if (now < StartsAt)
        {
            return [];
        }

        var until = EndsAt is { } end && end < now ? end : now;
        return Job.Takes is { Ticks: > 0 } takes && until - StartsAt < takes
            ? [.. Job.Output.Take((int)(Job.Output.Count * (until - StartsAt).Ticks / takes.Ticks))]
            : Job.Output;
    }

    /// <summary>Answers how many bytes a line takes in the store.</summary>
    public static long Stored(string line) => Encoding.UTF8.GetByteCount(line) + LineHead;

    /// <summary>Answers a date as Rundeck writes it.</summary>
    public static Dictionary<string, object> Date(DateTimeOffset at) => new(StringComparer.Ordinal)
    {
        ["unixtime"] = at.ToUnixTimeMilliseconds(),
        ["date"] = at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
    };

    private static string Quote(string value) =>
        value.Length > 0 && value.All(c => c is not (' ' or '"' or '\'')) ? value : $"\"{value.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
