using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ascob.Demo.Jenkins;

/// <summary>A pretend Jenkins controller with the answers, status codes and oddities of a real one. It has no clock of its own: what is due happens when it is asked.</summary>
internal sealed partial class PretendJenkins(TimeProvider time) : PretendServer
{
    public const string User = "ascob";
    public const string Token = "11a0b1c2d3e4f5-pretend-token";
    public const string Password = "pretend-password";
    public const string Marker = "ASCOB_RUN";

    private static readonly TimeSpan LeftItemsLive = TimeSpan.FromMinutes(5);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, PretendJenkinsJob> _jobs = new(StringComparer.Ordinal);
    private readonly List<PretendJenkinsItem> _items = [];
    private readonly Dictionary<string, int> _started = new(StringComparer.Ordinal);
    private readonly HashSet<string> _sessions = new(StringComparer.Ordinal);
    private long _lastItem = 100;
    private int _restarts;

    /// <summary>Gets or sets how long every item stays in the queue at least.</summary>
    public TimeSpan QueueTime { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Gets or sets the quiet period of jobs, which counts where a start names no delay.</summary>
    public TimeSpan QuietPeriod { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Gets or sets how many builds run at once.</summary>
    public int Executors { get; set; } = int.MaxValue;

    /// <summary>Gets or sets whether orders with a password need a crumb.</summary>
    public bool WantsCrumbs { get; set; } = true;

    /// <summary>Gets or sets whether it starts up and takes nothing.</summary>
    public bool IsStarting { get; set; }

    /// <summary>Gets the rights that the user lacks, such as <c>Job/Build</c>.</summary>
    public HashSet<string> LackingRights { get; } = new(StringComparer.Ordinal);

    /// <summary>Gets or sets the path under which it lies, such as <c>jenkins</c>; empty for none.</summary>
    public string ContextPath { get; set; } = string.Empty;

    /// <summary>Gets how many crumbs were given.</summary>
    public int Crumbs { get; private set; }

    /// <summary>Gets how often builds started, by marker.</summary>
    public IReadOnlyDictionary<string, int> Started
    {
        get
        {
            lock (_gate)
            {
                Advance();
                return new Dictionary<string, int>(_started, StringComparer.Ordinal);
            }
        }
    }

    /// <summary>Adds a job.</summary>
    public PretendJenkinsJob Add(string fullName)
    {
        lock (_gate)
        {
            return _jobs[fullName] = new PretendJenkinsJob(fullName);
        }
    }

    /// <summary>Adds a job whose runs can be found again.</summary>
    public PretendJenkinsJob AddMarked(string fullName) => Add(fullName).With(Marker);

    public void Remove(string fullName)
    {
        lock (_gate)
        {
            _jobs.Remove(fullName);
        }
    }

    /// <summary>Answers the builds of a job as they are now.</summary>
    public IReadOnlyList<PretendJenkinsBuild> BuildsOf(PretendJenkinsJob job)
    {
        lock (_gate)
        {
            Advance();
            return [.. job.Builds];
        }
    }

    /// <summary>Answers the items as they are now, those that left included.</summary>
    public IReadOnlyList<PretendJenkinsItem> Items()
    {
        lock (_gate)
        {
            Advance();
            return [.. _items];
        }
    }

    /// <summary>Puts a start into the queue as another user would.</summary>
    public PretendJenkinsItem Trigger(PretendJenkinsJob job, params (string Name, string Value)[] values)
    {
        lock (_gate)
        {
            Advance();
            return Enqueue(job, values.ToDictionary(v => v.Name, v => v.Value, StringComparer.Ordinal), TimeSpan.Zero);
        }
    }

    /// <summary>Restarts the controller: what has left the queue is forgotten, what waits is kept.</summary>
    public void Restart()
    {
        lock (_gate)
        {
            Advance();
            _items.RemoveAll(i => i.LeftAt is not null);
            _sessions.Clear();
            _restarts++;
        }
    }

    /// <summary>Deals with a request; for faults that come after Jenkins has done its work.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        context.Response.Headers["X-Jenkins"] = "2.541.1";
        context.Response.Headers["X-Jenkins-Session"] = string.Create(CultureInfo.InvariantCulture, $"session-{_restarts}");
        if (IsStarting)
        {
            await PretendJenkinsPages.HtmlAsync(context, 503, "Please wait while Jenkins is getting ready to work ...").ConfigureAwait(false);
            return;
        }

        if (!await IsLetInAsync(context).ConfigureAwait(false))
        {
            return;
        }

        var path = Segments(context);
        IFormCollection? form = HttpMethods.IsPost(context.Request.Method) && context.Request.HasFormContentType
            ? await context.Request.ReadFormAsync(context.RequestAborted).ConfigureAwait(false)
            : null;
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in form?.Files ?? (IReadOnlyList<IFormFile>)[])
        {
            using var reader = new StreamReader(file.OpenReadStream(), Encoding.UTF8);
            files[file.Name] = await reader.ReadToEndAsync(context.RequestAborted).ConfigureAwait(false);
        }

        Func<HttpContext, Task> answer;
        lock (_gate)
        {
            Advance();
            answer = HttpMethods.IsPost(context.Request.Method) ? Post(context, path, form, files) : Get(context, path);
        }

        await answer(context).ConfigureAwait(false);
    }

    protected override void Map(IEndpointRouteBuilder routes) => routes.Map("/{**path}", HandleAsync);

    private Func<HttpContext, Task> Get(HttpContext context, string[]? path)
    {
        switch (path)
        {
            case ["api", "json"]:
                return PretendJenkinsPages.Root();
            case ["crumbIssuer", "api", "json"] when WantsCrumbs:
                var session = string.Create(CultureInfo.InvariantCulture, $"s{_restarts}-{++Crumbs}");
                _sessions.Add(session);
                context.Response.Headers.Append("Set-Cookie", $"JSESSIONID.pretend={session}; Path=/; HttpOnly");
                return PretendJenkinsPages.Crumb($"crumb-of-{session}");
            case ["queue", "api", "json"]:
                return PretendJenkinsPages.Queue([.. _items.Where(i => i.LeftAt is null)], this);
            case ["queue", "item", var id, "api", "json"] when ItemOf(id) is { } item:
                return PretendJenkinsPages.Item(item, this);
            case ["job", ..] when TryJob(path, out var job, out var rest):
                return rest switch
                {
                    ["api", "json"] => PretendJenkinsPages.Job(job, context.Request.Query["tree"].ToString()),
                    [var number, "api", "json"] when BuildOf(job, number) is { } build => PretendJenkinsPages.Build(build),
                    [var number, "logText", "progressiveText"] when BuildOf(job, number) is { } build => PretendJenkinsPages.Log(build),
                    ["build" or "buildWithParameters"] => PretendJenkinsPages.Status(405),
                    _ => PretendJenkinsPages.Status(404),
                };
            default:
                return PretendJenkinsPages.Status(404);
        }
    }

    private Func<HttpContext, Task> Post(HttpContext context, string[]? path, IFormCollection? form, Dictionary<string, string> files)
    {
        if (path is ["queue", "cancelItem"])
        {
            return Cancel(context.Request.Query["id"].ToString());
        }

        if (path is null || !TryJob(path, out var job, out var rest))
        {
            return PretendJenkinsPages.Status(404);
        }

        switch (rest)
        {
            case ["build"] or ["buildWithParameters"] when LackingRights.Contains("Job/Build"):
                context.Response.Headers["X-You-Are-Authenticated-As"] = User;
                context.Response.Headers["X-Required-Permission"] = "hudson.model.Item.Build";
                return PretendJenkinsPages.Page(403, $"{User} is missing the Job/Build permission");
            case ["build"] or ["buildWithParameters"] when !job.Enabled:
                return PretendJenkinsPages.Page(409, $"{job.FullName} is not buildable");
            case ["build"]:
                return job.Parameters.Count > 0 ? PretendJenkinsPages.Page(400, "Nothing is submitted") : Start(context, job, null, files, folded: 201);
            case ["buildWithParameters"]:
                return job.Parameters.Count == 0 ? PretendJenkinsPages.Page(400, $"{job.FullName} is not parameterized") : Start(context, job, form, files, folded: 303);
            case [var number, "stop"] when BuildOf(job, number) is { } build:
                return Stop(build, "stop");
            case [var number, ("term" or "kill") and var order] when job.IsPipeline && BuildOf(job, number) is { } build:
                return Stop(build, order);
            default:
                return PretendJenkinsPages.Status(404);
        }
    }

    private Func<HttpContext, Task> Start(HttpContext context, PretendJenkinsJob job, IFormCollection? form, Dictionary<string, string> files, int folded)
    {
        var values = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var parameter in job.Parameters)
        {
            var given = parameter.IsFile
                ? files.GetValueOrDefault(parameter.Name)
                : form?.TryGetValue(parameter.Name, out var sent) == true ? sent.ToString() : string.Empty;
            if (parameter.Choices is { } choices && given is { Length: > 0 } && !choices.Contains(given))
            {
                return PretendJenkinsPages.Page(500, $"Illegal choice for parameter {parameter.Name}: {given}");
            }

            if (given is not null)
            {
                values[parameter.Name] = given;
            }
        }

        var delay = context.Request.Query.TryGetValue("delay", out var text) ? DelayOf(text) : QuietPeriod;
        var twin = _items.FirstOrDefault(i => i.LeftAt is null && i.Job == job && Same(i.Values, values));
        var item = twin ?? Enqueue(job, values, delay);

        // Made of the request's own host, which is seldom that of the configured address.
        context.Response.Headers.Location = string.Create(CultureInfo.InvariantCulture, $"http://inner.example:8080/queue/item/{item.Id}/");
        return PretendJenkinsPages.Status(twin is null ? 201 : folded);
    }

    private PretendJenkinsItem Enqueue(PretendJenkinsJob job, Dictionary<string, string> values, TimeSpan delay)
    {
        var now = time.GetUtcNow();
        var item = new PretendJenkinsItem { Id = ++_lastItem, Job = job, Values = values, Since = now, LeavesAt = now + delay + QueueTime };
        _items.Add(item);
        return item;
    }

    private Func<HttpContext, Task> Cancel(string id)
    {
        if (ItemOf(id) is not { } item)
        {
            return PretendJenkinsPages.Status(404);
        }

        if (LackingRights.Contains("Job/Cancel"))
        {
            return PretendJenkinsPages.Page(422, "no right");
        }

        if (item.LeftAt is not null)
        {
            return PretendJenkinsPages.Page(500, "could not cancel");
        }

        (item.Cancelled, item.LeftAt) = (true, time.GetUtcNow());
        return PretendJenkinsPages.Status(204);
    }

    private Func<HttpContext, Task> Stop(PretendJenkinsBuild build, string order)
    {
        if (LackingRights.Contains("Job/Cancel"))
        {
            return PretendJenkinsPages.Page(403, $"{User} is missing the Job/Cancel permission");
        }

        string[] steps = ["stop", "term", "kill"];
        if (build.EndedAt is null && (!build.Job.IsPipeline || Array.IndexOf(steps, order) >= Array.IndexOf(steps, build.Job.EndsOn)))
        {
            End(build, time.GetUtcNow(), "ABORTED");
        }

        return PretendJenkinsPages.Redirect("..");
    }

    private void Advance()
    {
        var now = time.GetUtcNow();
        foreach (var build in _jobs.Values.SelectMany(j => j.Builds))
        {
            if (build.EndedAt is null && build.Job.RunTime is { } runTime && build.StartedAt + runTime <= now)
            {
                End(build, build.StartedAt + runTime, build.Job.Result);
            }
        }

        _items.RemoveAll(i => i.LeftAt + LeftItemsLive <= now);
        foreach (var item in _items.Where(i => i.LeftAt is null && i.LeavesAt <= now && Why(i) is null).ToList())
        {
            if (Why(item) is null)
            {
                Leave(item, now);
            }
        }
    }

    /// <summary>Answers why an item waits once its time has come; null when nothing holds it.</summary>
    public string? Why(PretendJenkinsItem item)
    {
        if (!item.Job.Concurrent && item.Job.Builds.LastOrDefault(b => b.EndedAt is null) is { } running)
        {
            return string.Create(CultureInfo.InvariantCulture, $"Build #{running.Number} is already in progress (ETA: {(time.GetUtcNow() - running.StartedAt).TotalSeconds:0} sec)");
        }

        return Executors < int.MaxValue && _jobs.Values.Sum(j => j.Builds.Count(b => b.EndedAt is null)) >= Executors ? "Waiting for next available executor" : null;
    }

    private void Leave(PretendJenkinsItem item, DateTimeOffset now)
    {
        var build = new PretendJenkinsBuild { Number = item.Job.NextNumber++, QueueId = item.Id, Job = item.Job, Values = item.Values, StartedAt = now };
        build.Print("\u001b[8mha:////4PretendNoteOfTheUserWhoStartedIt==\u001b[0mStarted by user " + User + "\n" + item.Job.Log);
        item.Job.Builds.Add(build);
        (item.Build, item.LeftAt) = (build, now);
        if (item.Values.TryGetValue(Marker, out var marker))
        {
            _started[marker] = _started.GetValueOrDefault(marker) + 1;
        }
    }

    private static void End(PretendJenkinsBuild build, DateTimeOffset at, string? result)
    {
        (build.EndedAt, build.Result) = (at, result);
        build.Print($"Finished: {result}\n");
    }

    private static bool Same(IReadOnlyDictionary<string, string> one, Dictionary<string, string> other) =>
        one.Count == other.Count && one.All(p => other.TryGetValue(p.Key, out var value) && value == p.Value);
}
