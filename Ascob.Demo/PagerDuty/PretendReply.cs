using System.Text;
using Microsoft.AspNetCore.Http;

namespace Ascob.Demo.PagerDuty;

/// <summary>Sends an answer, or what a fault leaves of it.</summary>
internal static class PretendReply
{
    private const int HugeLength = 10 * 1024 * 1024;

    public static async Task WriteAsync(HttpContext context, PretendAnswer answer, PretendFault fault, TimeSpan lateBy, TimeProvider time)
    {
        switch (fault)
        {
            case PretendFault.DropAfter:
                context.Abort();
                return;
            case PretendFault.Late:
                await Task.Delay(lateBy, time, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                break;
            case PretendFault.ErrorAfter:
                answer = PretendAnswer.Error(500, 2000, "Internal Server Error");
                break;
            case PretendFault.Nonsense:
                answer = new PretendAnswer(200, new System.Text.Json.Nodes.JsonObject());
                break;
            default:
                break;
        }

        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(fault == PretendFault.Huge ? "\"" + new string('x', HugeLength) + "\"" : answer.Body.ToJsonString());
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = "application/json; charset=utf-8";
        context.Response.ContentLength = bytes.Length;
        var sent = fault == PretendFault.Truncate ? bytes.Length / 2 : bytes.Length;
        await context.Response.Body.WriteAsync(bytes.AsMemory(0, sent)).ConfigureAwait(false);
        if (sent < bytes.Length)
        {
            await context.Response.Body.FlushAsync().ConfigureAwait(false);
            context.Abort();
        }
    }
}
