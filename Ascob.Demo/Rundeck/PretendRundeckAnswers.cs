using System.Globalization;

namespace Ascob.Demo.Rundeck;

/// <summary>Writes what a Rundeck says, with its own ways of spelling: one number is a number here and a text there, and its addresses lead to wherever it believes to be.</summary>
internal static class PretendRundeckAnswers
{
    /// <summary>Writes an execution.</summary>
    public static Dictionary<string, object?> Execution(PretendExecution execution, DateTimeOffset now, int version)
    {
        var job = execution.Job;
        var status = execution.Status(now);
        var answer = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["id"] = execution.Id,
            ["href"] = $"http://wrong-host.invalid:4440/api/{version}/execution/{execution.Id}",
            ["permalink"] = $"http://wrong-host.invalid:4440/project/{job.Project}/execution/show/{execution.Id}",
            ["status"] = status,
            ["project"] = job.Project,
            ["executionType"] = "user",
            ["user"] = execution.User,
            ["date-started"] = PretendExecution.Date(execution.StartsAt),
            ["job"] = new { id = job.Id, name = job.Name, group = job.Group, project = job.Project, averageDuration = 1000, options = execution.Visible() },
            ["description"] = job.Name,
            ["argstring"] = execution.ArgString(),
            ["retryAttempt"] = execution.Attempt,
        };
        if (execution.HasEnded(now))
        {
            answer["date-ended"] = PretendExecution.Date(execution.EndsAt!.Value);
        }

        if (execution.AbortedAt is not null)
        {
            answer["abortedby"] = "ascob";
            answer["customStatus"] = execution.Forced ? "incomplete" : null;
        }
        else if (status == "other")
        {
            answer["customStatus"] = job.CustomStatus;
        }

        if (status == "failed-with-retry" && execution.RetriedBy is { } retry)
        {
            answer["retriedExecution"] = new { id = retry.Id, status = retry.Status(now), href = "http://wrong-host.invalid/", permalink = "http://wrong-host.invalid/" };
        }

        return answer;
    }

    /// <summary>Writes what became of an abort: a 200 in any case.</summary>
    public static object Abort(PretendExecution execution, bool hasEnded, bool refused, DateTimeOffset now, int version) => new
    {
        abort = hasEnded ? new { status = "failed", reason = (string?)"Job is not running" } : refused ? new { status = "failed", reason = (string?)"Unauthorized" } : new { status = "pending", reason = (string?)null },
        execution = new { id = execution.Id.ToString(CultureInfo.InvariantCulture), status = execution.Status(now), href = $"http://wrong-host.invalid/api/{version}/execution/{execution.Id}" },
    };

    /// <summary>Writes a part of a log.</summary>
    public static object Log(PretendExecution execution, long offset, int most, bool pending, DateTimeOffset now)
    {
        var entries = new List<object>();
        var (at, read) = (0L, offset);
        var isAll = true;
        var hidden = pending && execution.HasEnded(now);
        foreach (var line in hidden ? [] : execution.Lines(now))
        {
            if (at >= offset)
            {
                if (entries.Count == most)
                {
                    isAll = false;
                    break;
                }

                entries.Add(new { time = "12:00:00", absolute_time = "2026-01-01T12:00:00Z", log = line, level = "NORMAL", user = execution.User, stepctx = "1", node = "localhost" });
                read = at + PretendExecution.Stored(line);
            }

            at += PretendExecution.Stored(line);
        }

        return new
        {
            id = execution.Id.ToString(CultureInfo.InvariantCulture),
            offset = read.ToString(CultureInfo.InvariantCulture),
            completed = isAll && !hidden,
            execCompleted = execution.HasEnded(now),
            hasFailedNodes = false,
            execState = execution.Status(now),
            lastModified = "1592258497000",
            execDuration = 1000,
            percentLoaded = 100.0,
            totalSize = at + 6,
            retryBackoff = hidden ? 100 : 0,
            message = hidden ? "Pending" : null,
            entries,
        };
    }

    /// <summary>Writes a log that was lost.</summary>
    public static object LostLog(PretendExecution execution, DateTimeOffset now) => new
    {
        id = execution.Id.ToString(CultureInfo.InvariantCulture),
        offset = "0",
        completed = true,
        execCompleted = execution.HasEnded(now),
        empty = true,
        error = "The Execution Log could not be found.",
        execState = execution.Status(now),
        entries = Array.Empty<object>(),
    };

    /// <summary>Reads a length of time such as <c>2h</c>, in which <c>n</c> is a minute and <c>m</c> a month.</summary>
    public static TimeSpan Recent(string text)
    {
        var count = int.Parse(text[..^1], CultureInfo.InvariantCulture);
        return text[^1] switch
        {
            'n' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(count),
            'w' => TimeSpan.FromDays(7 * count),
            'm' => TimeSpan.FromDays(30 * count),
            _ => TimeSpan.Zero,
        };
    }
}
