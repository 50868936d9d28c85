using Ascob.Core.Client;
using Ascob.Tests.Server.Api;

namespace Ascob.Tests.Server.Cli;

/// <summary><c>ascob notification</c> against the whole server.</summary>
public sealed class NotificationVerbsTests : NotificationApi
{
    [Fact]
    public async Task Verbs_ShowTestReplayAndDrop()
    {
        using var client = new AscobClient(Server.Url, ApiServer.RootToken);
        var made = await client.CreateSubscriptionAsync(new SubscriptionRequest { Name = "ops", Kind = "slack", Url = $"{Receiver.Url}/canary", Events = ["finished"] }, Cancel);

        Assert.Equal((0, $"{made.Id}  on  slack  ops  {Receiver.Url}/***  finished\n"), await CliAsync("notification", "list"));
        var (code, output) = await CliAsync("notification", "test", $"{made.Id}");
        Assert.Equal((0, true), (code, output.StartsWith($"subscription {made.Id}: taken as evt_test_", StringComparison.Ordinal)));

        Receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = 404;
            return Task.CompletedTask;
        };
        Assert.NotEqual(0, (await CliAsync("notification", "test", $"{made.Id}")).Code);
        var runs = new[] { await RunAsync(), await RunAsync() };
        var dead = await UntilAsync("?state=dead", d => d.Count == 2);
        Assert.Equal(2, (await CliAsync("notification", "dead")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Count(l => l.Contains("Slack knows no such webhook", StringComparison.Ordinal)));

        Assert.Equal((0, "1 dropped\n"), await CliAsync("notification", "drop", dead[0].Id));
        Receiver.Answer = null;
        var before = Receiver.All.Count;
        Assert.Equal((0, "1 on their way again\n"), await CliAsync("notification", "replay", "--subscription", $"{made.Id}"));
        await Receiver.UntilAsync(before + 1);
        await UntilAsync("?state=delivered", d => d.Count == 1 && d[0].RunId == runs[0]);
        Assert.Equal((0, string.Empty), await CliAsync("notification", "dead"));
        Assert.Equal(64, (await CliAsync("notification", "replay")).Code);
        Assert.Equal(64, (await CliAsync("notification", "replay", dead[1].Id, "--all")).Code);
        await client.DeleteSubscriptionAsync(made.Id, Cancel);
        Assert.Empty(await client.SubscriptionsAsync(Cancel));
    }

    private async Task<(int Code, string Output)> CliAsync(params string[] args)
    {
        await using var cli = new CliFixture();
        cli.Environment["ASCOB_URL"] = Server.Url.ToString();
        cli.Environment["ASCOB_TOKEN"] = ApiServer.RootToken;
        return (await cli.RunAsync(args), cli.Output);
    }
}
