using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Core.Client;
using Ascob.Core.Definitions;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Core.Kuroko2;
using Ascob.Core.Runs;
using Ascob.Server.Security;

namespace Ascob.Server.Api.Kuroko2;

/// <summary>Instances, which are runs of definitions, over kuroko2's API.</summary>
internal static class Kuroko2InstanceEndpoints
{
    public static void MapKuroko2Instances(this RouteGroupBuilder api)
    {
        api.MapPost("/definitions/{id}/instances", LaunchAsync).WithSummary("Launch a definition");
        api.MapGet("/definitions/{id}/instances/{instance}", GetAsync).WithSummary("Say where an instance stands");
    }

    /// <summary>Answers a status in kuroko2's words. A failed run is final here; what follows it is a run of its own.</summary>
    public static string StatusOf(RunStatus status) => status switch
    {
        RunStatus.Succeeded => "success",
        RunStatus.Failed => "error",
        RunStatus.Aborted => "canceled",
        _ => "working",
    };

    private static async Task LaunchAsync(HttpContext context, DefinitionService definitions, DefinitionLauncher launcher, ScriptedDefinitions scripts)
    {
        var definition = await Kuroko2DefinitionEndpoints.FindAsync(context, definitions);
        var body = await Kuroko2Body.ReadAsync(context);
        var variables = body.Map("env");
        CheckNames(variables);
        var job = body.Text("script") is { } script ? Compile(scripts, script, definition) : null;
        var isScript = ScriptFields.Of(definition.Content).Script is not null;
        var request = new LaunchRequest
        {
            Id = definition.Id,
            Name = definition.Name,
            JobSpec = job,
            // What others made has a schema for its values, and is launched as over every other interface.
            Parameters = isScript || variables is null ? null : Parameters(variables, definition.Content.Parameters),
            ExtraVariables = isScript ? variables : null,
            IdempotencyKey = SubmitEndpoints.ReadKey(context.Request),
            Cause = new RunCause(RunCause.Kuroko2, $"instances API ({Kuroko2Gate.ClientOf(context)})"),
        };
        var launch = await launcher.LaunchAsync(request, context.GetCaller(), context.RequestAborted);
        if (!launch.IsSuccess)
        {
            await Kuroko2Answer.WriteErrorAsync(context, launch.Error);
            return;
        }

        var answer = new Dictionary<string, object> { ["id"] = launch.Value.RunId, ["status"] = launch.Value.Prevented ? "canceled" : "working" };
        await Kuroko2Answer.WriteAsync(context, answer, StatusCodes.Status201Created);
    }

    // As in kuroko2 the definition of the address is not held against that of the run; but it is a run of some definition.
    private static async Task GetAsync(HttpContext context, IRunStore runs)
    {
        _ = Kuroko2DefinitionEndpoints.Number(context, "id");
        var run = await runs.FindAsync(Kuroko2DefinitionEndpoints.Number(context, "instance"), context.RequestAborted);
        if (run?.DefinitionId is null)
        {
            throw Kuroko2DefinitionEndpoints.NotFound();
        }

        await Kuroko2Answer.WriteAsync(context, new Dictionary<string, object> { ["id"] = run.Id, ["status"] = StatusOf(run.Status) });
    }

    private static JobSpec Compile(ScriptedDefinitions scripts, string script, Definition definition)
    {
        if (ScriptFields.Of(definition.Content).Script is null)
        {
            throw Refused($"script: The definition '{definition.Name}' was not made of a script.");
        }

        var compiled = scripts.Compile(script);
        return compiled.IsSuccess ? compiled.Value : throw Refused(string.Join("; ", compiled.Error.Fields!.SelectMany(f => f.Value)));
    }

    private static JsonElement Parameters(IReadOnlyDictionary<string, string> variables, JsonElement? schema)
    {
        var parameters = new JsonObject();
        foreach (var (name, value) in variables)
        {
            parameters[name] = LaunchValue.Of(value, schema, name);
        }

        return JsonSerializer.SerializeToElement(parameters, AscobJson.Options);
    }

    private static void CheckNames(IReadOnlyDictionary<string, string>? variables)
    {
        foreach (var name in variables?.Keys ?? [])
        {
            if (ScriptVariables.RefusedName(name) is { } problem)
            {
                throw new RequestRefusedException(new Error(ErrorKind.Invalid, "request.invalid", $"env.{name}: {problem}"), StatusCodes.Status400BadRequest);
            }
        }
    }

    private static RequestRefusedException Refused(string message) => new(new Error(ErrorKind.Invalid, "request.invalid", message), StatusCodes.Status422UnprocessableEntity);
}
