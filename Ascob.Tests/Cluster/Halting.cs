using System.Net.Http.Json;
using System.Text.Json;

namespace Ascob.Tests.Cluster;

/// <summary>Orders to jobs of the repository, and what can be seen of those that are halted.</summary>
internal static class Halting
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Gives the order; answers whether a signal was sent.</summary>
    public static async Task<bool> SignalledAsync(HttpClient client, string execution, string name)
    {
        var answer = await client.PutAsJsonAsync(execution, new { @event = name }, Token);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("signalled").GetBoolean();
    }

    /// <summary>Waits until a halted job has written all that it had, and answers that: it does not grow over a time in which it would have grown often, and longer than the output takes from one server to another.</summary>
    public static async Task<string> SettledAsync(HttpClient client, string execution)
    {
        for (var (last, begun) = (string.Empty, TimeProvider.System.GetTimestamp()); ;)
        {
            await Task.Delay(1500, Token);
            var now = await client.GetStringAsync(execution + "/stdout", Token);
            if (now == last)
            {
                return now;
            }

            Assert.True(TimeProvider.System.GetElapsedTime(begun) < TimeSpan.FromMinutes(1), "The halted job goes on writing.");
            last = now;
        }
    }
}
