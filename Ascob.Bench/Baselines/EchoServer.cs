using System.Text.Json.Serialization;
using Ascob.Core.Client;
using Ascob.Core.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Ascob.Bench.Baselines;

/// <summary>The ceiling: ASP.NET Core reads the same body into objects and answers a small JSON; nothing is stored.</summary>
internal static class EchoServer
{
    public const string Verb = "serve-echo";

    public static async Task<int> ServeAsync(int port)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrel(k => k.ListenLocalhost(port));
        builder.Services.ConfigureHttpJsonOptions(o => o.SerializerOptions.TypeInfoResolverChain.Insert(0, EchoJson.Default));
        var app = builder.Build();
        app.MapGet("/ready", () => Results.Ok());
        app.MapPost("/runs", (EchoRequest request) => Results.Json(
            new SubmitRunResponse(request.JobSpec!.Labels!.Count), EchoJson.Default.SubmitRunResponse, statusCode: StatusCodes.Status201Created));
        await app.RunAsync();
        return 0;
    }
}

/// <summary>The body of a submission.</summary>
internal sealed record EchoRequest(JobSpec? JobSpec);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(EchoRequest))]
[JsonSerializable(typeof(SubmitRunResponse))]
internal sealed partial class EchoJson : JsonSerializerContext;
