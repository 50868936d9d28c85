using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Monitoring;
using Ascob.Core.Output;
using Ascob.Core.Runs;
using Ascob.Core.Timing;
using Ascob.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ascob.Tests.Core.Output;

public sealed class OutputPublisherTests : IAsyncLifetime
{
    private readonly MemoryPublishedOutput _published = new();
    private readonly WritingBackend _backend = new();
    private TestWorld _world = null!;
    private Run _run = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private OutputPublisher Publisher => _world.Get<OutputPublisher>();

    public async ValueTask InitializeAsync()
    {
        _world = await TestWorld.StartAsync(first: _backend, configure: services => services.AddSingleton<IPublishedOutput>(_published));
        _run = await _world.SubmitAsync();
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Publish_InEachRound_AppendsWhatIsNewInAllStreams()
    {
        _backend.Write(_run.Marker, OutputChannel.Stdout, "one ");
        Assert.Equal(0, await Publisher.PublishAsync(Token));
        Assert.Equal(2, await Publisher.PublishAsync(Token));
        _backend.Write(_run.Marker, OutputChannel.Stderr, "two");

        Assert.Equal(2, await Publisher.PublishAsync(Token));
        Assert.Equal(0, await Publisher.PublishAsync(Token));

        Assert.Equal(("one two", "one ", "two"), (_published.Text(_run.Id), _published.Text(_run.Id, OutputChannel.Stdout), _published.Text(_run.Id, OutputChannel.Stderr)));
    }

    [Fact]
    public async Task Publish_OfAJobThatIsQuiet_LooksAtOneStreamOnly()
    {
        await RoundsAsync(3);
        _backend.Looks.Clear();

        await RoundsAsync(2);

        Assert.Equal([OutputChannel.Combined, OutputChannel.Combined], _backend.Looks);
        Assert.Equal(0, _published.Calls);
    }

    [Fact]
    public async Task Publish_OfMoreThanOnePiece_CatchesUpWithinARound()
    {
        var text = new string('x', (3 * OutputPublisher.PieceBytes) + 7);
        _backend.Write(_run.Marker, OutputChannel.Stdout, text);

        await RoundsAsync(2);

        Assert.Equal(text, _published.Text(_run.Id));
        Assert.Equal(text, _published.Text(_run.Id, OutputChannel.Stdout));
    }

    [Fact]
    public async Task Publish_WhenAnAnswerWasLost_AppendsNothingTwice()
    {
        _backend.Write(_run.Marker, OutputChannel.Stdout, "one ");
        await RoundsAsync(1);
        _published.LosesNextAnswer = true;
        await Assert.ThrowsAsync<StoreUnavailableException>(() => Publisher.PublishAsync(Token));
        _backend.Write(_run.Marker, OutputChannel.Stdout, "two");

        await RoundsAsync(2);

        Assert.Equal(("one two", "one two"), (_published.Text(_run.Id), _published.Text(_run.Id, OutputChannel.Stdout)));
    }

    [Fact]
    public async Task Publish_InTheNextLife_FindsItsJobsAndGoesOnWhereTheLastOneEnded()
    {
        _backend.Write(_run.Marker, OutputChannel.Stdout, "one ");
        await RoundsAsync(2);
        var next = new OutputPublisher(
            _world.Store, _published, _world.Get<BackendCatalog>(), new RunTracker(), _world.Get<MonotonicClock>(), NullLogger<OutputPublisher>.Instance);
        _backend.Write(_run.Marker, OutputChannel.Stdout, "two");

        await next.PublishAsync(Token);
        await next.PublishAsync(Token);
        await next.PublishAsync(Token);

        Assert.Equal(("one two", "one two"), (_published.Text(_run.Id), _published.Text(_run.Id, OutputChannel.Stdout)));
    }

    [Fact]
    public async Task Publish_OnceTheArchiveIsThere_StoresNothingMore()
    {
        _backend.Write(_run.Marker, OutputChannel.Stdout, "one ");
        await RoundsAsync(2);
        _published.Archive(_run.Id);
        _backend.Write(_run.Marker, OutputChannel.Stdout, "two");

        await RoundsAsync(3);

        Assert.Equal((string.Empty, string.Empty), (_published.Text(_run.Id), _published.Text(_run.Id, OutputChannel.Stdout)));
    }

    [Fact]
    public async Task Publish_OfJobsAtOtherPlaces_IsLeftToOthers()
    {
        _backend.Write(_run.Marker, OutputChannel.Stdout, "one ");
        _backend.Place = "there:2";

        await RoundsAsync(3);

        Assert.Equal(string.Empty, _published.Text(_run.Id));
        Assert.Empty(_backend.Looks);
    }

    private async Task RoundsAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            await Publisher.PublishAsync(Token);
        }
    }
}
