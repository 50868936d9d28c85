using Ascob.Core.Schedules;

namespace Ascob.Core.Repository;

/// <summary>Reads when a job runs by itself. A wrong item is left out and noted: the job can still be run by others.</summary>
internal sealed class ScheduleReader(string file)
{
    private const int MostItems = 50;
    private const double LongestPause = 366d * 24 * 3600;

    private static readonly string[] Keys = ["time", "frequency", "priority"];

    private readonly List<FileError> _errors = [];

    /// <summary>Gets what was wrong.</summary>
    public IReadOnlyList<FileError> Errors => _errors;

    /// <summary>Reads the items.</summary>
    public IReadOnlyList<JobTrigger> Read(MapEntry entry)
    {
        var triggers = new List<JobTrigger>();
        var items = NodeReader.List(entry);
        foreach (var item in items.Take(MostItems))
        {
            var one = new NodeReader(file);
            if (item is not MapNode map)
            {
                one.Add(item.Line, "An item of a schedule is a mapping with time, frequency and priority.");
            }
            else if (ReadItem(map, one) is { } trigger && one.Errors.Count == 0)
            {
                triggers.Add(trigger);
            }

            _errors.AddRange(one.Errors);
        }

        if (items.Count > MostItems)
        {
            _errors.Add(new FileError(file, entry.Line, $"A schedule has at most {MostItems} items; those after them are left out."));
        }

        return triggers;
    }

    private static JobTrigger? ReadItem(MapNode map, NodeReader read)
    {
        read.RefuseOthers(map, Keys);
        var trigger = new JobTrigger(map.Line, null, null, null, 0);
        foreach (var entry in map.Entries.Where(e => e.Value is not ScalarNode { IsNull: true } and not ScalarNode { Text: "" }))
        {
            if (entry.Value is not ScalarNode scalar)
            {
                read.Add(entry.Value.Line, $"'{entry.Key}' must be a text or a number.");
                continue;
            }

            trigger = entry.Key switch
            {
                "time" => trigger with { Time = ReadTime(scalar, read) },
                "priority" => trigger with { Priority = ReadPriority(scalar, read) },
                "frequency" when NodeReader.TryNumber(scalar.Text, out _) => trigger with { Seconds = ReadPause(scalar, read) },
                "frequency" => trigger with { Cron = ReadCron(scalar, read) },
                _ => trigger,
            };
        }

        if (read.Errors.Count == 0 && trigger is { Time: null, Cron: null, Seconds: null })
        {
            read.Add(map.Line, "An item of a schedule needs a time, a frequency or both.");
        }

        if (read.Errors.Count == 0 && ScheduleService.Check([trigger.ToSpec()], "schedule") is { } refused)
        {
            read.Add(map.Line, $"This item of the schedule is refused: {refused.Fields?.Values.First()[0] ?? refused.Message}");
        }

        return trigger;
    }

    private static DateTimeOffset? ReadTime(ScalarNode scalar, NodeReader read)
    {
        if (Words.TryTime(scalar.Text, out var time, out _))
        {
            return time;
        }

        read.Add(scalar.Line, "'time' must be a date and time such as 2026-01-31T12:00:00Z.");
        return null;
    }

    private static int ReadPriority(ScalarNode scalar, NodeReader read)
    {
        if (NodeReader.TryNumber(scalar.Text, out var priority) && priority is >= -1_000_000 and <= 1_000_000 && priority == Math.Floor(priority))
        {
            return (int)priority;
        }

        read.Add(scalar.Line, "'priority' must be a whole number.");
        return 0;
    }

    private static double? ReadPause(ScalarNode scalar, NodeReader read)
    {
        if (NodeReader.TryNumber(scalar.Text, out var seconds) && seconds is >= 1 and <= LongestPause)
        {
            return seconds;
        }

        read.Add(scalar.Line, "'frequency' must be a crontab line or from 1 second to a year.");
        return null;
    }

    // Whether the fields mean something is for the schedules to say; here it is told from a slip of the pen.
    private static string? ReadCron(ScalarNode scalar, NodeReader read)
    {
        var fields = scalar.Text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length == 5 && scalar.Text.Length <= 200)
        {
            return string.Join(' ', fields);
        }

        read.Add(scalar.Line, "'frequency' must be a crontab line of five fields or a number of seconds.");
        return null;
    }
}
