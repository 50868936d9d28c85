using System.Collections.Concurrent;
using Ascob.Demo.Jenkins;
using Microsoft.AspNetCore.Http;

namespace Ascob.Tests.Backends.Jenkins;

/// <summary>What happens to requests on their way to Jenkins and to answers on their way back. The same for the same seed and order of requests.</summary>
internal sealed class JenkinsFaultPlan(PretendJenkins jenkins, int seed)
{
    private readonly Random _random = new(seed);

    /// <summary>Gets how often each fault struck.</summary>
    public ConcurrentDictionary<string, int> Faults { get; } = new(StringComparer.Ordinal);

    public async Task<bool> ApplyAsync(HttpContext context)
    {
        int roll;
        lock (_random)
        {
            roll = _random.Next(100);
        }

        if (HttpMethods.IsPost(context.Request.Method))
        {
            return await OrderAsync(context, roll);
        }

        switch (roll)
        {
            case < 3:
                Count("read dropped");
                context.Abort();
                return true;
            case < 5:
                Count("read 502");
                context.Response.StatusCode = 502;
                return true;
            case < 7:
                Count("read truncated");
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync("{\"items\":[{\"id\":1", context.RequestAborted);
                return true;
            case < 8:
                Count("read answered by a login page");
                context.Response.ContentType = "text/html";
                await context.Response.WriteAsync("<html>sign in</html>", context.RequestAborted);
                return true;
            default:
                return false;
        }
    }

    private async Task<bool> OrderAsync(HttpContext context, int roll)
    {
        switch (roll)
        {
            case < 8:
                Count("dropped before Jenkins");
                context.Abort();
                return true;
            case < 18:
                Count("taken, answer dropped");
                await jenkins.HandleAsync(context);
                context.Abort();
                return true;
            case < 22:
                Count("taken, answer delayed beyond the timeout");
                await jenkins.HandleAsync(context);
                await UntilGivenUpAsync(context);
                return true;
            case < 26:
                Count("delayed beyond the timeout, then taken");
                await context.Request.ReadFormAsync(context.RequestAborted);
                await UntilGivenUpAsync(context);
                await jenkins.HandleAsync(context);
                return true;
            case < 33:
                Count("sent twice");
                await jenkins.HandleAsync(context);
                await jenkins.HandleAsync(context);
                return true;
            case < 38:
                Count("taken, answer truncated");
                await jenkins.HandleAsync(context);
                context.Response.ContentLength = 1000;
                await context.Response.WriteAsync("<html>", context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
                context.Abort();
                return true;
            case < 43:
                Count("taken, answered by garbage");
                await jenkins.HandleAsync(context);
                context.Response.Headers.Remove("Location");
                context.Response.StatusCode = roll % 2 == 0 ? 200 : 502;
                return true;
            case < 46:
                Count("502 before Jenkins");
                context.Response.StatusCode = 502;
                return true;
            case < 48:
                Count("429 before Jenkins");
                context.Response.StatusCode = 429;
                return true;
            default:
                return false;
        }
    }

    private static async Task UntilGivenUpAsync(HttpContext context)
    {
        var given = new TaskCompletionSource();
        await using var registration = context.RequestAborted.Register(given.SetResult);
        await given.Task;
    }

    private void Count(string fault) => Faults.AddOrUpdate(fault, 1, (_, n) => n + 1);
}
