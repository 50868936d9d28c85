using System.Globalization;
using Ascob.Backends.Notifications;
using Ascob.Core.Notifications;
using Ascob.Core.Runs;
using Ascob.Tests.Fixtures;

namespace Ascob.Tests.Backends.Notifications;

public sealed class ReceiverFormTests
{
    [Theory]
    [InlineData(429, 30)]
    [InlineData(503, 7)]
    public async Task SendAsync_WhenSlackWantsToBeLeftAlone_SaysForHowLong(int status, int seconds)
    {
        await using var slack = await TestReceiver.StartAsync();
        slack.Answer = (context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
            return Task.CompletedTask;
        };
        using var http = new GuardedHttp(new AddressRules(["127.0.0.1"]));

        var outcome = await new SlackSender(http).SendAsync(Message(slack.Url), TestContext.Current.CancellationToken);

        Assert.Equal((SendResult.Retry, TimeSpan.FromSeconds(seconds)), (outcome.Result, outcome.RetryAfter));
    }

    [Fact]
    public void TheKeyOfAnAlert_IsTheDefinitions_WhateverItIsCalledMeanwhile()
    {
        var before = Message("https://x.example/").Notice;
        var after = before with { RunId = 2, Facts = before.Facts with { DefinitionName = "renamed" } };

        Assert.Equal(PagerDutySender.KeyOf(before), PagerDutySender.KeyOf(after));
        Assert.NotEqual(PagerDutySender.KeyOf(before), PagerDutySender.KeyOf(before with { Facts = before.Facts with { DefinitionId = 8 } }));
    }

    private static OutgoingNotice Message(string url)
    {
        var facts = new NoticeFacts { Status = RunStatus.Failed, DefinitionId = 7, DefinitionName = "job" };
        var notice = new Notice { RunId = 1, Seq = 1, Kind = NoticeKinds.Error, At = SampleRuns.Start, Facts = facts };
        var subscription = new Subscription { Id = 1, Name = "x", Kind = ReceiverKinds.Slack, Events = NoticeKinds.Error, CreatedAt = SampleRuns.Start, CreatedBy = "test", ChangedAt = SampleRuns.Start };
        return new OutgoingNotice(subscription, new ReceiverSecrets { Url = url }, notice, notice.EventId, SampleRuns.Start, null);
    }
}
