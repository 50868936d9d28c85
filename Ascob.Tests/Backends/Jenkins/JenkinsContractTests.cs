using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Demo;
using Ascob.Demo.Jenkins;
using Ascob.Tests.Contracts;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Backends.Jenkins;

public sealed class JenkinsContractTests : HttpBackendContract, IAsyncLifetime
{
    private JenkinsWorld _world = null!;

    protected override IBackendAdapter Adapter => _world.Adapter;

    protected override JobSpec ShortJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "team/short").Build();

    protected override JobSpec LongJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "team/long").Build();

    protected override JobSpec ImpossibleJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "team//short").WithParameter("token", "x").Build();

    protected override JobSpec UnknownJob => JobSpec.Builder("ann").WithLabel("jenkins_project_name", "team/nowhere").Build();

    protected override IReadOnlyList<string> Credentials { get; } = [PretendJenkins.Token, "wrong-token"];

    private protected override PretendServer Product => _world.Jenkins;

    public async ValueTask InitializeAsync()
    {
        _world = await JenkinsWorld.StartAsync();
        _world.Jenkins.AddMarked("team/short");
        _world.Jenkins.AddMarked("team/long").RunTime = null;
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    protected override IBackendAdapter Another(Uri? url = null, bool wrongCredentials = false) =>
        _world.NewAdapter(("Url", (url ?? _world.Jenkins.Url).AbsoluteUri), ("ApiToken", wrongCredentials ? "wrong-token" : PretendJenkins.Token));

    protected override bool IsSubmission(HttpRequest request) => HttpMethods.IsPost(request.Method) && request.Path.Value!.Contains("/build", StringComparison.Ordinal);

    // What a job declares is asked before a submission and is no question about a run.
    protected override bool IsQuestion(HttpRequest request) => HttpMethods.IsGet(request.Method)
        && (request.Path.Value! is "/api/json" || request.Path.Value!.StartsWith("/queue/", StringComparison.Ordinal) || request.QueryString.Value!.Contains("builds", StringComparison.OrdinalIgnoreCase));

    protected override string StatusAnswer(BackendRunRef run, string word)
    {
        var build = $$"""{"number":1,"queueId":{{run.Keys["queueId"]}},"building":false,"result":"{{word}}","actions":[{"parameters":[{"name":"ASCOB_RUN","value":"{{run.Marker}}"}]}]}""";
        return $$"""{"items":[],"builds":[{{build}}]}""";
    }

    protected override int Started(string marker) => _world.Jenkins.Started.GetValueOrDefault(marker) + _world.Jenkins.Items().Count(i => i.Values.Any(v => v.Value == marker));

    protected override Task PassTimeAsync()
    {
        _world.Time.Advance(TimeSpan.FromMilliseconds(500));
        return Task.CompletedTask;
    }
}
