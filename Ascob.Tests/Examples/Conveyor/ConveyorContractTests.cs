using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Demo;
using Ascob.Tests.Contracts;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Examples.Conveyor;

/// <summary>The whole conformance kit for the example: what is said here is all that an adapter over HTTP has to say.</summary>
public sealed class ConveyorContractTests : HttpBackendContract, IAsyncLifetime
{
    private readonly PretendConveyor _conveyor = new();
    private IBackendAdapter? _adapter;

    protected override IBackendAdapter Adapter => _adapter ??= Another();

    protected override JobSpec ShortJob { get; } = Spec("short");

    protected override JobSpec LongJob { get; } = Spec("long");

    protected override JobSpec ImpossibleJob { get; } = Spec("../short");

    protected override JobSpec UnknownJob { get; } = Spec("unheard-of");

    protected override IReadOnlyList<string> Credentials { get; } = [PretendConveyor.Token, "wrong-token"];

    private protected override PretendServer Product => _conveyor;

    public async ValueTask InitializeAsync() => await _conveyor.StartAsync(cancellationToken: Token);

    public ValueTask DisposeAsync() => _conveyor.DisposeAsync();

    protected override IBackendAdapter Another(Uri? url = null, bool wrongCredentials = false) => TestBackends.Create(
        new ConveyorBackendType(), "line-1", ("Url", (url ?? _conveyor.Url).ToString()), ("AuthToken", wrongCredentials ? "wrong-token" : PretendConveyor.Token));

    protected override bool IsSubmission(HttpRequest request) => request.Path.Value!.EndsWith("/starts", StringComparison.Ordinal) && HttpMethods.IsPost(request.Method);

    protected override bool IsQuestion(HttpRequest request) => request.Path == "/api/starts" && HttpMethods.IsGet(request.Method);

    protected override string StatusAnswer(BackendRunRef run, string word) => $$"""{"starts":[{"id":"{{run.Keys["startId"]}}","marker":"{{run.Marker}}","state":"{{word}}"}]}""";

    protected override int Started(string marker) => _conveyor.Started(marker);

    private static JobSpec Spec(string job) => new() { Labels = new Dictionary<string, string> { ["conveyor_job"] = job } };
}
