using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Demo;
using Ascob.Demo.PagerDuty;
using Ascob.Tests.Contracts;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Ascob.Tests.Backends.PagerDuty;

public sealed class PagerDutyBackendAdapterContractTests : HttpBackendContract, IAsyncLifetime
{
    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private PagerDutyWorld _world = null!;
    private IBackendAdapter _adapter = null!;

    protected override IBackendAdapter Adapter => _adapter;

    protected override JobSpec ShortJob => PagerDutyWorld.Invoke();

    protected override JobSpec LongJob => PagerDutyWorld.Invoke("FOREVER");

    protected override JobSpec ImpossibleJob => PagerDutyWorld.Invoke("no/id");

    protected override JobSpec UnknownJob => PagerDutyWorld.Invoke("NOWHERE");

    protected override IReadOnlyList<string> Credentials { get; } = [PretendPagerDuty.DefaultToken, "wrong-token"];

    private protected override PretendServer Product => _world.Server;

    public async ValueTask InitializeAsync()
    {
        _world = await PagerDutyWorld.StartAsync(_time, TimeProvider.System);
        _world.Server.AddAction("FOREVER", "stays", TimeSpan.Zero, null);
        _adapter = _world.Own();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    protected override IBackendAdapter Another(Uri? url = null, bool wrongCredentials = false) =>
        _world.Own(("Url", (url ?? _world.Server.Url).AbsoluteUri), ("ApiToken", wrongCredentials ? "wrong-token" : PretendPagerDuty.DefaultToken));

    protected override bool IsSubmission(HttpRequest request) => HttpMethods.IsPost(request.Method) && request.Path.Value!.EndsWith("/invocations", StringComparison.Ordinal);

    protected override bool IsQuestion(HttpRequest request) => HttpMethods.IsGet(request.Method) && !request.Path.Value!.EndsWith("/actions", StringComparison.Ordinal);

    protected override string StatusAnswer(BackendRunRef run, string word)
    {
        var invocation = $$"""{"id":"{{run.Keys["invocationId"]}}","state":"{{word}}","timing":[]}""";
        return $$"""{"invocations":[{{invocation}}],"invocation":{{invocation}}}""";
    }

    protected override int Started(string marker) => _world.Server.StartedByKey.GetValueOrDefault(marker);

    protected override Task PassTimeAsync()
    {
        _time.Advance(TimeSpan.FromMilliseconds(5));
        return Task.CompletedTask;
    }
}
