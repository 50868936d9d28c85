using System.Collections.Concurrent;

namespace Ascob.Tests.Server.Api;

/// <summary>How many connections notifications take at once, however many receivers there are.</summary>
public sealed class NotificationBoundTests : NotificationApi
{
    private const int Receivers = 30;
    private const int AtOnce = 4;

    protected override IReadOnlyList<string> Settings =>
        [.. base.Settings, "--Ascob:Notifications:MaxReceiversAtOnce", $"{AtOnce}", "--Ascob:Notifications:MaxConcurrentPerReceiver", "1", "--Ascob:Notifications:Timeout", "00:00:01"];

    [Fact]
    public async Task ReceiversThatHang_TakeABoundedNumberOfConnections_AndThoseThatAnswerAreServed()
    {
        var (open, most, hanging) = (0, 0, new ConcurrentDictionary<string, int>());
        Receiver.Answer = async (context, message) =>
        {
            if (message.Path == "/good")
            {
                return;
            }

            hanging.AddOrUpdate(message.Path, 1, (_, count) => count + 1);
            var now = Interlocked.Increment(ref open);
            int before;
            while ((before = Volatile.Read(ref most)) < now && Interlocked.CompareExchange(ref most, now, before) != before)
            {
            }

            try
            {
                await Task.Delay(TimeSpan.FromMinutes(1), context.RequestAborted);
            }
            catch (OperationCanceledException)
            {
                // It was given up.
            }
            finally
            {
                Interlocked.Decrement(ref open);
            }
        };
        for (var i = 0; i < Receivers; i++)
        {
            await SubscribeAsync(new { name = $"hangs {i}", kind = "webhook", url = $"{Receiver.Url}/hangs/{i}", events = new[] { "finished" } });
        }

        await SubscribeAsync(new { name = "good", kind = "webhook", url = $"{Receiver.Url}/good", events = new[] { "finished" } });

        await RunAsync();
        await Receiver.UntilAsync(1, r => r.Path == "/good");
        await Receiver.UntilAsync(Receivers * 3, r => r.Path != "/good");

        // All of them are known to be away by now, and get a quarter besides; one more can be under way because the receiver hears of an end later than the sender.
        Assert.InRange(most, AtOnce, (2 * AtOnce) + (AtOnce / 4));
        Assert.Equal(Receivers, hanging.Count);
        await RunAsync();
        await Receiver.UntilAsync(2, r => r.Path == "/good");
    }
}
