using System.Text.Json;
using System.Text.Json.Nodes;
using Ascob.Core.Access;
using Ascob.Core.Definitions;
using Ascob.Core.Jobs;
using Ascob.Server.Configuration;
using Ascob.Server.Security;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Api;

/// <summary>The catalogue of definitions as an API document: one path for each definition that the caller may see, with its parameters as a typed schema.</summary>
internal static class CatalogueEndpoints
{
    private const int Page = 500;
    private const string Next = "x-next-cursor";

    /// <summary>Where the catalogue is.</summary>
    public const string Path = "/swagger/definitions/swagger.json";

    public static void MapCatalogue(this IEndpointRouteBuilder routes) =>
        routes.MapGet(Path, GetAsync).WithTags("Definitions").Requires(Permissions.DefinitionRead).WithName("GetCatalogue")
            .WithSummary("The definitions as an API document, each with its parameters as a typed schema")
            .Query<string>("tag", "Only definitions with this tag; repeat it for several, which must all be there.", many: true)
            .Query<string>("cursor", $"{Next} of the document before, where not all fitted into it.").Produces<JsonObject>();

    private static async Task GetAsync(HttpContext context, DefinitionService definitions, IOptions<LimitsOptions> limits)
    {
        var query = new QueryReader(context.Request.Query);
        var tags = query.Texts("tag", longest: DefinitionLimits.Tag) ?? [];
        var after = NameCursor.Read(query, Next);
        query.Done();
        var paths = new JsonObject();
        do
        {
            var search = new DefinitionSearch { Tags = tags, AfterName = after, Limit = Math.Min(Page, limits.Value.MaxCatalogue - paths.Count) };
            var page = await definitions.ListAsync(search, context.GetCaller(), context.RequestAborted);
            foreach (var definition in page.Items.Where(d => d.Content.ApiAllowed))
            {
                paths[$"/api/definitions/{Uri.EscapeDataString(definition.Name)}/runs"] = new JsonObject { ["post"] = Operation(definition) };
            }

            after = page.NextAfterName;
        }
        while (after is not null && paths.Count < limits.Value.MaxCatalogue);

        var document = Document(paths, tags);
        if (after is not null)
        {
            document[Next] = NameCursor.Write(after);
        }

        await Answer.JsonAsync(context, document);
    }

    private static JsonObject Document(JsonObject paths, IReadOnlyList<string> tags) => new()
    {
        // 3.1 is the version whose schemas are JSON Schema, as those of parameters are.
        ["openapi"] = "3.1.0",
        ["info"] = new JsonObject
        {
            ["title"] = tags.Count == 0 ? "Ascob definitions" : $"Ascob definitions: {string.Join(", ", tags)}",
            ["version"] = "1",
        },
        ["paths"] = paths,
        ["components"] = new JsonObject
        {
            ["securitySchemes"] = new JsonObject
            {
                [AccessMiddleware.Header] = new JsonObject { ["type"] = "apiKey", ["in"] = "header", ["name"] = AccessMiddleware.Header },
            },
        },
        ["security"] = new JsonArray(new JsonObject { [AccessMiddleware.Header] = new JsonArray() }),
    };

    private static JsonObject Operation(Definition definition) => new()
    {
        ["operationId"] = $"launch_{definition.Id}",
        ["summary"] = definition.Name,
        ["description"] = definition.Content.Description ?? string.Empty,
        ["tags"] = new JsonArray([.. definition.Content.Tags.Select(t => (JsonNode)t)]),
        ["parameters"] = new JsonArray(new JsonObject
        {
            ["name"] = SubmitEndpoints.IdempotencyHeader,
            ["in"] = "header",
            ["schema"] = new JsonObject { ["type"] = "string" },
        }),
        ["requestBody"] = new JsonObject { ["content"] = Json(Body(definition.Content)) },
        ["responses"] = new JsonObject
        {
            ["201"] = new JsonObject { ["description"] = "The run is stored.", ["content"] = Json(Launched()) },
            ["200"] = new JsonObject { ["description"] = "The idempotency key stands for this run.", ["content"] = Json(Launched()) },
            ["422"] = new JsonObject { ["description"] = "The parameters do not fit; all that is wrong is named." },
        },
        ["x-definition-version"] = definition.Version,
    };

    private static JsonObject Body(DefinitionContent content)
    {
        var parameters = content.Parameters is { } schema
            ? JsonNode.Parse(JsonSerializer.Serialize(schema, AscobJson.Options))!.AsObject()
            : new JsonObject { ["type"] = "object" };
        parameters["type"] = "object";
        parameters.TryAdd("additionalProperties", false);
        var body = new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject { ["parameters"] = parameters, ["submitter"] = new JsonObject { ["type"] = "string" } },
        };
        if (parameters["required"] is JsonArray { Count: > 0 })
        {
            body["required"] = new JsonArray("parameters");
        }

        return body;
    }

    private static JsonObject Launched() => new()
    {
        ["type"] = "object",
        ["properties"] = new JsonObject
        {
            ["runId"] = new JsonObject { ["type"] = "integer" },
            ["prevented"] = new JsonObject { ["type"] = "boolean" },
        },
    };

    private static JsonObject Json(JsonObject schema) => new() { ["application/json"] = new JsonObject { ["schema"] = schema } };
}
