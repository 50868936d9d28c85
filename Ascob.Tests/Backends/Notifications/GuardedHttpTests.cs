using System.Collections.Concurrent;
using System.Net;
using Ascob.Backends.Notifications;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Backends.Notifications;

/// <summary>No spelling of an address, and no name server, leads to the loopback, where a real receiver listens.</summary>
public sealed class GuardedHttpTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.1")]
    [InlineData("127.0.1")]
    [InlineData("0177.0.0.1")]
    [InlineData("0x7f.0.0.1")]
    [InlineData("0x7f000001")]
    [InlineData("2130706433")]
    [InlineData("017700000001")]
    [InlineData("0")]
    [InlineData("0.0.0.0")]
    [InlineData("127.0.0.1.")]
    [InlineData("127.127.127.127")]
    [InlineData("localhost")]
    [InlineData("LOCALHOST")]
    [InlineData("localhost.")]
    [InlineData("[::1]")]
    [InlineData("[::]")]
    [InlineData("[0:0:0:0:0:0:0:1]")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("[::ffff:7f00:1]")]
    [InlineData("[::127.0.0.1]")]
    [InlineData("[64:ff9b::127.0.0.1]")]
    [InlineData("[2002:7f00:1::]")]
    [InlineData("①②⑦.⓪.⓪.①")]
    [InlineData("１２７.0.0.1")]
    [InlineData("127。0。0。1")]
    [InlineData("%31%32%37.0.0.1")]
    public async Task Spelling_OfTheLoopback_ReachesNobody(string host)
    {
        await using var receiver = await TestReceiver.StartAsync();
        using var http = new GuardedHttp(new AddressRules([]));
        if (Uri.TryCreate($"http://{host}:{receiver.Port}/", UriKind.Absolute, out var url))
        {
            var outcome = await SendAsync(http, url.ToString());
            Assert.Equal(SendResult.Retry, outcome.Result);
            Assert.DoesNotContain("127.0.0.1", outcome.Reason!, StringComparison.Ordinal);
        }

        Assert.Empty(receiver.All);
    }

    [Fact]
    public async Task NameServer_ThatChangesItsMind_GainsNothing()
    {
        await using var receiver = await TestReceiver.StartAsync();
        var asked = new ConcurrentQueue<string>();
        using var http = new GuardedHttp(new AddressRules([]), (host, _) =>
        {
            // Public for whoever checks first, then inside: with one question for each connection there is no "then".
            asked.Enqueue(host);
            return Task.FromResult<IPAddress[]>([asked.Count % 2 == 1 ? IPAddress.Parse("192.0.2.1") : IPAddress.Loopback]);
        });
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(AddressRefusedException.Text, (await SendAsync(http, $"http://rebinding.example:{receiver.Port}/")).Reason);
        }

        Assert.Equal(6, asked.Count);
        Assert.Empty(receiver.All);
    }

    [Fact]
    public async Task Name_WithAGoodAndABadAddress_IsCalledAtTheGoodOne()
    {
        await using var receiver = await TestReceiver.StartAsync();
        using var http = new GuardedHttp(new AddressRules(["127.0.0.1"]), (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.1"), IPAddress.Loopback]));

        Assert.Equal(SendResult.Delivered, (await SendAsync(http, $"http://mixed.example:{receiver.Port}/")).Result);
        Assert.Single(receiver.All);
    }

    [Fact]
    public async Task UnknownHostAndClosedPort_AreFailuresThatMayPass()
    {
        using var nowhere = new GuardedHttp(new AddressRules([]), (_, _) => Task.FromResult<IPAddress[]>([]));
        Assert.Equal(SendResult.Retry, (await SendAsync(nowhere, "http://nobody.example/")).Result);
        var gone = await TestReceiver.StartAsync();
        var port = gone.Port;
        await gone.DisposeAsync();
        using var closed = new GuardedHttp(new AddressRules(["127.0.0.1"]));
        Assert.Equal("no connection to the receiver", (await SendAsync(closed, $"http://127.0.0.1:{port}/")).Reason);
    }

    private static Task<SendOutcome> SendAsync(GuardedHttp http, string url)
    {
        var notice = new Notice { RunId = 1, Seq = 1, Kind = NoticeKinds.Finished, At = SampleRuns.Start, Facts = new NoticeFacts { Status = RunStatus.Succeeded } };
        var subscription = new Subscription { Id = 1, Name = "x", Kind = ReceiverKinds.Webhook, Events = NoticeKinds.Finished, CreatedAt = SampleRuns.Start, CreatedBy = "test", ChangedAt = SampleRuns.Start };
        return new WebhookSender(http).SendAsync(new OutgoingNotice(subscription, new ReceiverSecrets { Url = url }, notice, notice.EventId, SampleRuns.Start, null), Cancel);
    }
}
