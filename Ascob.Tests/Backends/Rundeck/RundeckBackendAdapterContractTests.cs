using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Demo;
using Ascob.Tests.Contracts;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Backends.Rundeck;

public sealed class RundeckBackendAdapterContractTests : HttpBackendContract, IAsyncLifetime
{
    private RundeckWorld _world = null!;

    protected override IBackendAdapter Adapter => _world.Adapter;

    protected override JobSpec ShortJob => JobSpec.Builder("ann").WithLabel("rundeck_project_name", "web").WithLabel("rundeck_job_group", "team/tools").WithLabel("rundeck_job_name", "short").Build();

    protected override JobSpec LongJob => RundeckWorld.Spec(RundeckWorld.Long);

    protected override JobSpec ImpossibleJob => JobSpec.Builder("ann").WithLabel("rundeck_job_name", "short").Build();

    protected override JobSpec UnknownJob => JobSpec.Builder("ann").WithLabel("rundeck_job_id", "9999-nowhere").Build();

    protected override IReadOnlyList<string> Credentials => [_world.Rundeck.AuthToken, "wrong-token"];

    private protected override PretendServer Product => _world.Rundeck;

    public async ValueTask InitializeAsync() => _world = await RundeckWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    protected override IBackendAdapter Another(Uri? url = null, bool wrongCredentials = false) =>
        RundeckWorld.MakeAdapter(url ?? _world.Rundeck.Url, wrongCredentials ? "wrong-token" : _world.Rundeck.AuthToken);

    protected override bool IsSubmission(HttpRequest request) => HttpMethods.IsPost(request.Method) && request.Path.Value!.EndsWith("/run", StringComparison.Ordinal);

    protected override bool IsQuestion(HttpRequest request) => HttpMethods.IsGet(request.Method) && request.Path.Value!.Contains("/execution", StringComparison.Ordinal);

    protected override string StatusAnswer(BackendRunRef run, string word)
    {
        var execution = $$"""{"id":{{run.Keys["executionId"]}},"status":"{{word}}","project":"web","permalink":"http://x/1"}""";
        return $$"""{"paging":{"count":1,"total":1,"offset":0,"max":100},"executions":[{{execution}}],{{execution[1..]}}""";
    }

    protected override int Started(string marker) => _world.Rundeck.Started.GetValueOrDefault(marker);

    protected override Task PassTimeAsync()
    {
        _world.Time.Advance(TimeSpan.FromMilliseconds(5));
        return Task.CompletedTask;
    }
}
