using System.Globalization;
using System.Text;
using System.Text.Json;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Ascob.Core.Runs;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Core.Client;

public sealed class AscobClientFollowTests
{
    private const string Text = "one\ntwo\nthree\n";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task FollowOutput_WhenTheConnectionBreaks_GoesOnWhereItBroke()
    {
        var pieces = 0;
        await using var server = await StubServer.StartAsync(async (request, context) =>
        {
            if (!request.Target.Contains("output", StringComparison.Ordinal))
            {
                await StubServer.JsonAsync(context, StubServer.Run(pieces < 3 ? RunStatus.Running : RunStatus.Succeeded));
                return;
            }

            pieces++;
            var offset = int.Parse(context.Request.Query["offset"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
            Assert.Equal("true", context.Request.Query["follow"]);
            await context.Response.WriteAsync(pieces < 3 ? Text.Substring(offset, Math.Min(5, Text.Length - offset)) : Text[offset..]);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (pieces < 3)
            {
                context.Abort();
            }
        });
        using var destination = new MemoryStream();

        var end = await server.Client.CopyOutputAsync(7, destination, cancellationToken: Stop);

        Assert.Equal(Text, Encoding.UTF8.GetString(destination.ToArray()));
        Assert.Equal(Text.Length, end);
    }

    [Fact]
    public async Task FollowOutput_WhenTheRunHasNoneYet_WaitsForIt()
    {
        var asked = 0;
        await using var server = await StubServer.StartAsync((request, context) =>
        {
            if (!request.Target.Contains("output", StringComparison.Ordinal))
            {
                return StubServer.JsonAsync(context, StubServer.Run(asked < 2 ? RunStatus.WaitingLocks : RunStatus.Succeeded));
            }

            return ++asked < 2 ? StubServer.ProblemAsync(context, 409, "run.no_output") : context.Response.WriteAsync(Text);
        });
        using var destination = new MemoryStream();

        asked = 0;
        await server.Client.CopyOutputAsync(7, destination, offset: 0, cancellationToken: Stop);

        Assert.StartsWith(Text, Encoding.UTF8.GetString(destination.ToArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task FollowOutput_WhenTheRunIsFinalAndHasNone_SaysSo()
    {
        await using var server = await StubServer.StartAsync((request, context) => request.Target.Contains("output", StringComparison.Ordinal)
            ? StubServer.ProblemAsync(context, 409, "run.no_output")
            : StubServer.JsonAsync(context, StubServer.Run(RunStatus.Aborted)));

        var refusal = await Assert.ThrowsAsync<AscobApiException>(() => server.Client.CopyOutputAsync(7, Stream.Null, cancellationToken: Stop));

        Assert.Equal("run.no_output", refusal.Code);
    }

    [Fact]
    public async Task FollowOutput_WhenItBreaksAgainAndAgainWithoutAByte_GivesUp()
    {
        await using var server = await StubServer.StartAsync(async (request, context) =>
        {
            if (!request.Target.Contains("output", StringComparison.Ordinal))
            {
                await StubServer.JsonAsync(context, StubServer.Run(RunStatus.Running));
                return;
            }

            context.Response.ContentLength = 10;
            await context.Response.Body.FlushAsync(context.RequestAborted);
            context.Abort();
        });

        await Assert.ThrowsAsync<HttpRequestException>(() => server.Client.CopyOutputAsync(7, Stream.Null, cancellationToken: Stop));
    }

    [Fact]
    public async Task Events_WhenFollowedOverADroppedConnection_ComeOnceEach()
    {
        var streams = 0;
        await using var server = await StubServer.StartAsync(async (request, context) =>
        {
            if (!request.Target.Contains("events", StringComparison.Ordinal))
            {
                await StubServer.JsonAsync(context, StubServer.Run(RunStatus.Running, version: 2));
                return;
            }

            streams++;
            context.Response.ContentType = "text/event-stream";
            await context.Response.WriteAsync(": hello\n\n");

            // The event that the client names comes again, as it may from a server that counts otherwise.
            var first = Math.Max(1, int.Parse(request.Headers.GetValueOrDefault("Last-Event-ID", "1"), CultureInfo.InvariantCulture));
            for (var seq = first; seq <= (streams == 1 ? 2 : 3); seq++)
            {
                await context.Response.WriteAsync($"id: {seq}\ndata: {JsonSerializer.Serialize(Event(seq), AscobJson.Options)}\n\n");
            }

            await context.Response.Body.FlushAsync(context.RequestAborted);
            if (streams == 1)
            {
                context.Abort();
            }
        });
        var seen = new List<long>();

        await foreach (var item in server.Client.EventsAsync(7, follow: true, Stop))
        {
            seen.Add(item.Seq);
        }

        Assert.Equal([1, 2, 3], seen);
    }

    [Fact]
    public async Task Events_WhenNotFollowed_AreTheListAsItIs()
    {
        await using var server = await StubServer.StartAsync((_, context) => StubServer.JsonAsync(context, new RunEventList([Event(1), Event(2)])));
        var seen = new List<RunEventInfo>();

        await foreach (var item in server.Client.EventsAsync(7, cancellationToken: Stop))
        {
            seen.Add(item);
        }

        Assert.Equal([1, 2], seen.Select(e => e.Seq));
        Assert.Equal("v", seen[1].Data!["k"]);
        Assert.Equal("application/json", Assert.Single(server.Requests).Headers["Accept"]);
    }

    private static RunEventInfo Event(long seq) => new(
        seq,
        DateTimeOffset.UnixEpoch,
        RunEventTypes.StatusChanged,
        RunStatus.Running,
        seq == 3 ? RunStatus.Succeeded : RunStatus.Running,
        "server:a",
        "because",
        new Dictionary<string, string> { ["k"] = "v" });
}
