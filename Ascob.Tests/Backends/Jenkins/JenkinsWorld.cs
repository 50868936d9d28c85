using System.Text;
using Ascob.Backends.Jenkins;
using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Core.Output;
using Ascob.Demo.Jenkins;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.Jenkins;

/// <summary>An adapter and a pretend Jenkins, whose time the test moves.</summary>
internal sealed class JenkinsWorld : IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddLogging().AddSingleton(TimeProvider.System).BuildServiceProvider();

    private JenkinsWorld()
    {
        Time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        Jenkins = new PretendJenkins(Time);
    }

    public FakeTimeProvider Time { get; }

    public PretendJenkins Jenkins { get; }

    public JenkinsBackendAdapter Adapter { get; private set; } = null!;

    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static async Task<JenkinsWorld> StartAsync(params (string Key, string? Value)[] settings)
    {
        var world = new JenkinsWorld();
        await world.Jenkins.StartAsync(cancellationToken: Token);
        world.Adapter = world.NewAdapter(settings);
        return world;
    }

    /// <summary>Makes another adapter to the same Jenkins: another server, or the next life of this one.</summary>
    public JenkinsBackendAdapter NewAdapter(params (string Key, string? Value)[] settings) => NewAdapter(_services, settings);

    /// <summary>Makes another adapter with a clock of its own.</summary>
    public JenkinsBackendAdapter NewAdapter(TimeProvider clock) => NewAdapter(new ServiceCollection().AddSingleton(clock).BuildServiceProvider(), []);

    private JenkinsBackendAdapter NewAdapter(IServiceProvider services, (string Key, string? Value)[] settings)
    {
        var all = new Dictionary<string, string?>(StringComparer.Ordinal) { ["Url"] = Jenkins.Url.AbsoluteUri, ["UserName"] = PretendJenkins.User, ["ApiToken"] = PretendJenkins.Token };
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        var options = new BackendOptions { Type = "Jenkins" };
        options.Resilience.Timeout = TimeSpan.FromSeconds(6);
        return (JenkinsBackendAdapter)new JenkinsBackendType().Create(new BackendContext("jenkins-main", options, all.GetValueOrDefault, Path.GetTempPath(), services));
    }

    public static BackendJob Job(string project, params (string Name, string Value)[] parameters) => new()
    {
        RunId = 12,
        Marker = "ascob-" + Guid.NewGuid().ToString("N"),
        Attempt = 1,
        Spec = new JobSpec
        {
            Submitter = "ada",
            Labels = new Dictionary<string, string> { [JenkinsProject.Label] = project },
            Parameters = parameters.ToDictionary(p => p.Name, p => p.Value),
        },
        IntentAt = TimeProvider.System.GetUtcNow(),
    };

    public Task<SubmitOutcome> SubmitAsync(string project, params (string Name, string Value)[] parameters) => Adapter.SubmitAsync(Job(project, parameters), Token);

    public Task<BackendRunRef> AcceptedAsync(string project, params (string Name, string Value)[] parameters) => AcceptedAsync(Job(project, parameters));

    public async Task<BackendRunRef> AcceptedAsync(BackendJob job)
    {
        var outcome = await Adapter.SubmitAsync(job, Token);
        Assert.True(outcome.Kind == SubmitOutcomeKind.Accepted, outcome.Reason);
        return new BackendRunRef(job.RunId, job.Marker, outcome.Keys);
    }

    /// <summary>Submits, and lets time pass until the build runs.</summary>
    public async Task<(BackendRunRef Run, PretendJenkinsBuild Build)> RunningAsync(PretendJenkinsJob job)
    {
        var run = await AcceptedAsync(job.FullName);
        Time.Advance(Jenkins.QueueTime);
        return (run, Jenkins.BuildsOf(job)[^1]);
    }

    public async Task<BackendReport> StatusAsync(BackendRunRef run) => Assert.Single(await Adapter.GetStatusesAsync([run], Token));

    public async Task<string> LogAsync(BackendRunRef run, int piece = 1000)
    {
        var text = new List<byte>();
        OutputChunk chunk;
        do
        {
            chunk = await Adapter.ReadOutputAsync(run, OutputChannel.Combined, text.Count, piece, Token);
            text.AddRange(chunk.Data.ToArray());
            Assert.Equal(text.Count, chunk.NextOffset);
        }
        while (chunk.Data.Length > 0);
        return Encoding.UTF8.GetString([.. text]);
    }

    /// <summary>Lets every request of a method, whose path holds a text, be answered by something else.</summary>
    public void Answer(string method, string part, int status, string body, string contentType = "text/html", params (string Name, string Value)[] headers) =>
        Before(method, part, async context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = contentType;
            foreach (var (name, value) in headers)
            {
                context.Response.Headers[name] = value;
            }

            await context.Response.WriteAsync(body, context.RequestAborted);
        });

    public void Before(string method, string part, Func<HttpContext, Task> answer) => Jenkins.Before = async context =>
    {
        if (context.Request.Method != method || !context.Request.Path.ToString().Contains(part, StringComparison.Ordinal))
        {
            return false;
        }

        await answer(context);
        return true;
    };

    public async ValueTask DisposeAsync()
    {
        Adapter.Dispose();
        await Jenkins.DisposeAsync();
        await _services.DisposeAsync();
    }
}
