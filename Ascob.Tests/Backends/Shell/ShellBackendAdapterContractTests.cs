using Ascob.Core.Backends;
using Ascob.Core.Jobs;
using Ascob.Tests.Contracts;

namespace Ascob.Tests.Backends.Shell;

public sealed class ShellBackendAdapterContractTests : BackendAdapterContract, IAsyncDisposable
{
    private readonly ShellWorld _world = new();

    protected override IBackendAdapter Adapter => _world.Adapter;

    protected override JobSpec ShortJob => ShellWorld.Command("echo a line of output");

    protected override JobSpec LongJob => ShellWorld.Command("sleep 300");

    protected override JobSpec ImpossibleJob => new() { Parameters = new Dictionary<string, string> { ["LD_PRELOAD"] = "x" } };

    public ValueTask DisposeAsync() => _world.DisposeAsync();
}
