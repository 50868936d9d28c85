using Ascob.Core.Backends;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Kuroko2;
using Ascob.Server.Security;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>Adds and maps kuroko2's execution API.</summary>
internal static class Kuroko2Registration
{
    /// <summary>What all of its addresses begin with.</summary>
    public const string Prefix = "/v1";

    public static IServiceCollection AddKuroko2(this IServiceCollection services)
    {
        services.AddSingleton<Kuroko2Gate>();
        services.AddSingleton<Kuroko2Stats>();
        services.AddSingleton<IScriptSchedules, CronSchedules>();
        services.AddSingleton<Kuroko2Notices>();
        services.AddSingleton<IScriptNotices>(s => s.GetRequiredService<Kuroko2Notices>());
        services.AddSingleton<IDefinitionSubscriptions>(s => s.GetRequiredService<Kuroko2Notices>());
        services.AddSingleton<ScriptedDefinitions>();
        services.AddSingleton(s =>
        {
            var catalog = s.GetRequiredService<BackendCatalog>();
            return new ScriptSurroundings(s.GetRequiredService<IOptions<Kuroko2Options>>().Value.CustomTasks, queue => Serves(catalog, queue));
        });
        return services;
    }

    public static void MapKuroko2(this IEndpointRouteBuilder routes)
    {
        var gate = routes.ServiceProvider.GetRequiredService<Kuroko2Gate>();
        var api = routes.MapGroup(Prefix).WithTags("kuroko2").WithMetadata(AccessRequirement.Application).AddEndpointFilter(AnswerRefusalsAsync).AddEndpointFilter(gate.EnterAsync);
        api.MapKuroko2Definitions();
        api.MapKuroko2Instances();

        var stats = routes.MapGroup($"{Prefix}/stats").WithTags("kuroko2").AddEndpointFilter(AnswerRefusalsAsync);
        stats.WithMetadata(gate.StatsOpen ? AccessRequirement.Open : AccessRequirement.Application);
        if (!gate.StatsOpen)
        {
            stats.AddEndpointFilter(gate.EnterAsync);
        }

        stats.MapKuroko2Stats();
    }

    // Where no backend declares a queue, all take what names none.
    private static bool Serves(BackendCatalog catalog, string queue) => catalog.DeclaredLabels.Contains(ScriptSurroundings.QueueLabel)
        ? catalog.All.Any(b => b.Options.Labels.GetValueOrDefault(ScriptSurroundings.QueueLabel) == queue)
        : queue == ScriptSurroundings.DefaultQueue;

    private static async ValueTask<object?> AnswerRefusalsAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        var context = invocation.HttpContext;
        try
        {
            return await next(invocation);
        }
        catch (RequestRefusedException e) when (!context.Response.HasStarted)
        {
            await Kuroko2Answer.WriteErrorAsync(context, e.Status, e.Error.Message);
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await Kuroko2Answer.WriteErrorAsync(context, e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? "The body is over its limit." : "The request is malformed.");
        }
        catch (InvalidDataException) when (!context.Response.HasStarted)
        {
            await Kuroko2Answer.WriteErrorAsync(context, StatusCodes.Status400BadRequest, "The form is malformed.");
        }
        catch (StoreUnavailableException) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            context.Response.Headers.RetryAfter = "1";
            await Kuroko2Answer.WriteErrorAsync(context, StatusCodes.Status503ServiceUnavailable, "The store cannot take or answer this now; ask again.");
        }

        return Results.Empty;
    }
}
