using Ascob.Backends.Shell.Host;
using Ascob.Backends.Shell.Link;
using Ascob.Core.Timing;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.Shell.Host;

public sealed class EndedJobsTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("ascob-ended-").FullName;
    private readonly FakeTimeProvider _time = new(DateTimeOffset.Parse("2026-11-24T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture));

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void Find_AfterARestart_AnswersTheWholeReport()
    {
        var report = new JobReport("ascob-1", HostJobState.Ended)
        {
            Pid = 17,
            StartTime = 5,
            StartedAtMilliseconds = 6,
            EndedAtMilliseconds = 7,
            Signal = 9,
            Stopped = true,
            TimedOut = true,
            OutputCut = true,
            Quiet = true,
            MaxMemoryKb = 123_456,
        };
        using (var before = Open())
        {
            before.Add(report);
            before.Add(report with { Signal = null });
        }

        using var after = Open();

        Assert.Equal(report, after.Find("ascob-1"));
        Assert.Null(after.Find("ascob-2"));
        Assert.Equal(64, new FileInfo(Path.Combine(_root, "ended")).Length);
    }

    [Fact]
    public void Add_WhenTheLastRecordIsHalfWritten_OverwritesIt()
    {
        using (var before = Open())
        {
            before.Add(Ended(1));
        }

        File.AppendAllText(Path.Combine(_root, "ended"), "half");
        using (var next = Open())
        {
            next.Add(Ended(2));
        }

        using var last = Open();
        Assert.All([1, 2], i => Assert.Equal(i, last.Find($"ascob-{i}")!.ExitCode));
    }

    [Fact]
    public void Add_AfterADay_ForgetsOnlyWhatIsNotAmongTheLast()
    {
        using var jobs = Open(atLeast: 3);
        for (var i = 0; i < 10; i++)
        {
            _time.Advance(TimeSpan.FromHours(25));
            jobs.Add(Ended(i));
        }

        Assert.Null(jobs.Find("ascob-0"));
        Assert.All([7, 8, 9], i => Assert.Equal(i, jobs.Find($"ascob-{i}")!.ExitCode));
    }

    [Fact]
    public void Add_WithinADay_ForgetsOnlyAboveFourTimesAsMany()
    {
        using var jobs = Open(atLeast: 3);
        for (var i = 0; i < 30; i++)
        {
            jobs.Add(Ended(i));
        }

        Assert.All(Enumerable.Range(18, 12), i => Assert.Equal(i, jobs.Find($"ascob-{i}")!.ExitCode));
        Assert.Null(jobs.Find("ascob-0"));
    }

    private static JobReport Ended(int number) => new($"ascob-{number}", HostJobState.Ended) { Pid = 1, ExitCode = number };

    private EndedJobs Open(int atLeast = 100)
    {
        var jobs = new EndedJobs(_root, new MonotonicClock(_time), atLeast);
        jobs.Open();
        return jobs;
    }
}
