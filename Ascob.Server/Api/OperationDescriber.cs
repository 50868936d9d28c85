using System.Text.Json.Nodes;
using Ascob.Core.Client;
using Ascob.Server.Security;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Ascob.Server.Api;

/// <summary>Writes into the API document what handlers read by themselves: bodies, parameters, the token, common refusals, and examples to try.</summary>
internal sealed class OperationDescriber : IOperationFilter
{
    private static readonly int[] CommonRefusals = [400, 401, 403, 503];

    private static readonly Dictionary<string, string> Examples = new(StringComparer.Ordinal)
    {
        ["SubmitRun"] = """{"jobSpec":{"description":"dummy","submitter":"ada","labels":{"_execution_backend_id":"dummyBackend","dummy_run_ms":"500"}}}""",
        ["ExplainRouting"] = """{"jobSpec":{"labels":{"_execution_backend_id":"shell","shell_command":"echo hello"}}}""",
        ["SearchRuns"] = """{"submitterFilter":"ada","statusFilter":["RUNNING"],"maxResults":20}""",
        ["ResubmitRun"] = """{"parameters":{"REGION":"eu"}}""",
        ["ResolveRun"] = """{"verdict":"not_started","reason":"looked at the backend: nothing there"}""",
        ["ConfirmLocks"] = """{"reason":"Consul was set up anew; the deployment tool that shares these locks is stopped"}""",
        ["CreateToken"] = """{"expirySeconds":86400,"permissions":["job_submit","job_run_read"],"submitters":["ada"]}""",
        ["Report"] = """{"progress":50,"message":"half of it is done"}""",
        ["Claim"] = """{"executionId":"build-17"}""",
    };

    /// <inheritdoc/>
    public void Apply(OpenApiOperation operation, OperationFilterContext context)
    {
        var metadata = context.ApiDescription.ActionDescriptor.EndpointMetadata;
        DescribeParameters(operation, context, metadata.OfType<ParameterDescription>());
        if (metadata.OfType<BodyDescription>().FirstOrDefault() is { } body)
        {
            operation.RequestBody = Body(body, operation.OperationId, context);
        }

        if (metadata.OfType<AccessRequirement>().LastOrDefault() is { Kind: AccessKind.Permission or AccessKind.AnyToken } access)
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(AccessMiddleware.Header, context.Document)] = [] }];
            operation.Description = $"{operation.Description} Permission: {access.Permission ?? "any token"}.".TrimStart();
            DescribeRefusals(operation, context);
        }
    }

    private static void DescribeParameters(OpenApiOperation operation, OperationFilterContext context, IEnumerable<ParameterDescription> parameters)
    {
        var all = new List<IOpenApiParameter>();
        foreach (var segment in (context.ApiDescription.RelativePath ?? string.Empty).Split('/').Where(s => s.StartsWith('{')))
        {
            var name = segment.Trim('{', '}');
            var isRun = name == "id" && context.ApiDescription.RelativePath!.StartsWith("api/runs/", StringComparison.Ordinal);
            all.Add(new OpenApiParameter
            {
                Name = name,
                In = ParameterLocation.Path,
                Required = true,
                Schema = context.SchemaGenerator.GenerateSchema(isRun ? typeof(long) : typeof(string), context.SchemaRepository),
            });
        }

        all.AddRange(parameters.Select(p => new OpenApiParameter
        {
            Name = p.Name,
            In = p.InHeader ? ParameterLocation.Header : ParameterLocation.Query,
            Description = p.Text,
            Schema = context.SchemaGenerator.GenerateSchema(p.Many ? p.Type.MakeArrayType() : p.Type, context.SchemaRepository),
        }));
        operation.Parameters = all.Count > 0 ? all : null;
    }

    private static OpenApiRequestBody Body(BodyDescription body, string? operationId, OperationFilterContext context)
    {
        var content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal);
        if (body.Type is null)
        {
            content["application/octet-stream"] = new OpenApiMediaType { Schema = Binary() };
        }
        else
        {
            content["application/json"] = new OpenApiMediaType
            {
                Schema = context.SchemaGenerator.GenerateSchema(body.Type, context.SchemaRepository),
                Example = operationId is not null && Examples.TryGetValue(operationId, out var example) ? JsonNode.Parse(example) : null,
            };
        }

        if (body.Multipart)
        {
            content["multipart/form-data"] = new OpenApiMediaType
            {
                Schema = new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    Description = "The part 'request' holds the JSON; every other part is a file under its part name (those of 'files' under their file name).",
                    Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal) { ["request"] = new OpenApiSchema { Type = JsonSchemaType.String } },
                    AdditionalProperties = Binary(),
                    Required = new HashSet<string>(StringComparer.Ordinal) { "request" },
                },
            };
        }

        return new OpenApiRequestBody { Required = body.Required, Content = content };
    }

    private static void DescribeRefusals(OpenApiOperation operation, OperationFilterContext context)
    {
        operation.Responses ??= [];
        foreach (var status in CommonRefusals)
        {
            operation.Responses.TryAdd(status.ToString(System.Globalization.CultureInfo.InvariantCulture), new OpenApiResponse
            {
                Description = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status),
                Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
                {
                    [Problems.ContentType] = new() { Schema = context.SchemaGenerator.GenerateSchema(typeof(ProblemInfo), context.SchemaRepository) },
                },
            });
        }
    }

    private static OpenApiSchema Binary() => new() { Type = JsonSchemaType.String, Format = "binary" };
}
