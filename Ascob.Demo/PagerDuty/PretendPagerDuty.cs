using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Ascob.Demo.PagerDuty;

/// <summary>
/// Answers like PagerDuty's REST API as far as automation actions, incident workflows and the incidents they need. It keeps its oddities: no idempotency key, lists of at most 25 without pages, a rate limit that is told in
/// headers of its own, timing entries in no order.
/// </summary>
internal sealed class PretendPagerDuty(TimeProvider time, string token = PretendPagerDuty.DefaultToken) : PretendServer
{
    public const string DefaultToken = "pretend-pagerduty-token";
    private const int LongestList = 25;

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, PretendAction> _actions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _workflows = new(StringComparer.Ordinal);
    private readonly Dictionary<string, PretendIncident> _incidents = new(StringComparer.Ordinal);
    private readonly List<PretendInvocation> _invocations = [];
    private readonly List<(string WorkflowId, string InstanceId, string IncidentId)> _instances = [];
    private long _windowBegan = time.GetTimestamp();
    private int _inWindow;

    /// <summary>Gets or sets what goes wrong with a request, by its method and path; null for nothing.</summary>
    public Func<string, PretendFault>? Fault { get; set; }

    /// <summary>Gets or sets how late a late answer is.</summary>
    public TimeSpan LateBy { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>Gets or sets how many requests a minute are answered.</summary>
    public int RequestsPerMinute { get; set; } = 960;

    /// <summary>Gets or sets whether refusals for too many requests come without any header, as happens.</summary>
    public bool HidesRateHeaders { get; set; }

    /// <summary>Gets or sets the address of the account's pages.</summary>
    public Uri WebUrl { get; set; } = new("https://pretend.pagerduty.com/");

    /// <summary>Gets all invocations so far, oldest first.</summary>
    public IReadOnlyList<PretendInvocation> Invocations => Locked(() => _invocations.ToList());

    /// <summary>Gets all incidents.</summary>
    public IReadOnlyList<PretendIncident> Incidents => Locked(() => _incidents.Values.ToList());

    /// <summary>Gets the instances of workflows so far.</summary>
    public IReadOnlyList<(string WorkflowId, string InstanceId, string IncidentId)> Instances => Locked(() => _instances.ToList());

    /// <summary>Gets how often an action was started on the incident of each key: of each marker, where each run has its incident.</summary>
    public IReadOnlyDictionary<string, int> StartedByKey => Locked(() => _invocations
        .Select(i => _incidents.GetValueOrDefault(i.IncidentId)?.Key)
        .OfType<string>()
        .GroupBy(k => k, StringComparer.Ordinal)
        .ToDictionary(g => g.Key, g => g.Count(), StringComparer.Ordinal));

    public PretendAction AddAction(string id, string name, TimeSpan queueTime, TimeSpan? runTime, string end = "completed") =>
        _actions[id] = new PretendAction(id, name, queueTime, runTime, end);

    public void AddWorkflow(string id) => _workflows[id] = true;

    public PretendIncident AddIncident(string id, string title = "pretend", string? key = null) =>
        Locked(() => _incidents[id] = new PretendIncident(id, key, title, new Uri(WebUrl, $"incidents/{id}")));

    protected override void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/automation_actions/actions", Handle((_, _) => PretendAnswer.Of(200, "actions", new JsonArray([.. _actions.Keys.Select(k => new JsonObject { ["id"] = k })]))));
        routes.MapPost("/automation_actions/actions/{id}/invocations", Handle(Invoke));
        routes.MapGet("/automation_actions/invocations", Handle(List));
        routes.MapGet("/automation_actions/invocations/{id}", Handle(Get));
        routes.MapPost("/incident_workflows/{id}/instances", Handle(StartWorkflow));
        routes.MapPost("/incidents", Handle(CreateIncident));
        routes.MapGet("/incidents", Handle(ListIncidents));
        routes.MapPut("/incidents/{id}", Handle(UpdateIncident));
        routes.MapFallback(Handle((_, _) => PretendAnswer.NotFound()));
    }

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : string.Empty;

    private static string Id(HttpContext context) => (string)context.Request.RouteValues["id"]!;

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            return read();
        }
    }

    private PretendAnswer Invoke(HttpContext context, JsonNode? body)
    {
        if (!_actions.TryGetValue(Id(context), out var action))
        {
            return PretendAnswer.NotFound();
        }

        var incidentId = Text(body?["invocation"]?["metadata"]?["incident_id"]);
        if (!_incidents.TryGetValue(incidentId, out var incident))
        {
            return PretendAnswer.Invalid(incidentId.Length == 0 ? "metadata.incident_id is required" : "Incident not found");
        }

        var invocation = new PretendInvocation($"01PRETEND{_invocations.Count + 1:D6}", action, incidentId, incident.Url, time.GetUtcNow());
        _invocations.Add(invocation);
        return PretendAnswer.Of(201, "invocation", invocation.ToJson(time.GetUtcNow()));
    }

    private PretendAnswer Get(HttpContext context, JsonNode? body) => _invocations.Find(i => i.Id == Id(context)) is { } found
        ? PretendAnswer.Of(200, "invocation", found.ToJson(time.GetUtcNow()))
        : PretendAnswer.NotFound();

    private PretendAnswer List(HttpContext context, JsonNode? body)
    {
        var query = context.Request.Query;
        var now = time.GetUtcNow();
        var newest = Enumerable.Reverse(_invocations)
            .Where(i => Is(query["action_id"], i.Action.Id) && Is(query["incident_id"], i.IncidentId) && Is(query["invocation_state"], i.StateAt(now)))
            .Where(i => query["not_invocation_state"].Count == 0 || !Is(query["not_invocation_state"], i.StateAt(now)))
            .Take(LongestList);
        return PretendAnswer.Of(200, "invocations", new JsonArray([.. newest.Select(i => i.ToJson(now))]));
    }

    private static bool Is(Microsoft.Extensions.Primitives.StringValues wanted, string value) => wanted.Count == 0 || wanted[0] == value;

    private PretendAnswer StartWorkflow(HttpContext context, JsonNode? body)
    {
        var instance = body?["incident_workflow_instance"];
        if (!_workflows.ContainsKey(Id(context)))
        {
            return PretendAnswer.NotFound();
        }

        if (Text(instance?["incident"]?["type"]) != "incident_reference" || !_incidents.ContainsKey(Text(instance?["incident"]?["id"])))
        {
            return PretendAnswer.Invalid("incident must be a reference to an incident");
        }

        _instances.Add((Id(context), Text(instance?["id"]), Text(instance?["incident"]?["id"])));
        return new PretendAnswer(201, body!.DeepClone());
    }

    private PretendAnswer CreateIncident(HttpContext context, JsonNode? body)
    {
        var incident = body?["incident"];
        if (string.IsNullOrEmpty(context.Request.Headers["From"]))
        {
            return PretendAnswer.Error(400, 2001, "Requester User Not Found");
        }

        if (Text(incident?["title"]).Length == 0 || Text(incident?["service"]?["type"]) != "service_reference")
        {
            return PretendAnswer.Invalid("Title and Service are required");
        }

        var key = Text(incident?["incident_key"]);
        if (key.Length > 0 && _incidents.Values.Any(i => i.Key == key && i.Status != "resolved"))
        {
            return PretendAnswer.Invalid("Open incident with matching dedup key already exists on this service");
        }

        var id = $"QPRETEND{_incidents.Count + 1:D5}";
        _incidents[id] = new PretendIncident(id, key.Length > 0 ? key : null, Text(incident?["title"]), new Uri(WebUrl, $"incidents/{id}"));
        return PretendAnswer.Of(201, "incident", _incidents[id].ToJson());
    }

    private PretendAnswer ListIncidents(HttpContext context, JsonNode? body) => PretendAnswer.Of(
        200,
        "incidents",
        new JsonArray([.. _incidents.Values.Where(i => Is(context.Request.Query["incident_key"], i.Key ?? string.Empty)).Take(100).Select(i => i.ToJson())]));

    private PretendAnswer UpdateIncident(HttpContext context, JsonNode? body)
    {
        if (!_incidents.TryGetValue(Id(context), out var incident))
        {
            return PretendAnswer.NotFound();
        }

        incident.Status = Text(body?["incident"]?["status"]);
        return PretendAnswer.Of(200, "incident", incident.ToJson());
    }

    private RequestDelegate Handle(Func<HttpContext, JsonNode?, PretendAnswer> handler) => async context =>
    {
        var fault = Fault?.Invoke($"{context.Request.Method} {context.Request.Path}") ?? PretendFault.None;
        if (fault == PretendFault.DropBefore)
        {
            context.Abort();
            return;
        }

        if (fault == PretendFault.LoginPage)
        {
            context.Response.ContentType = "text/html; charset=utf-8";
            await context.Response.WriteAsync("<html><head><title>Sign in</title></head><body>Please sign in</body></html>", context.RequestAborted).ConfigureAwait(false);
            return;
        }

        var body = await ReadAsync(context).ConfigureAwait(false);
        var answer = Refusal(context, fault) ?? Locked(() => handler(context, body));
        await PretendReply.WriteAsync(context, answer, fault, LateBy, time).ConfigureAwait(false);
    };

    private static async Task<JsonNode?> ReadAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var text = await reader.ReadToEndAsync(context.RequestAborted).ConfigureAwait(false);
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private PretendAnswer? Refusal(HttpContext context, PretendFault fault)
    {
        if (fault == PretendFault.ErrorBefore)
        {
            return PretendAnswer.Error(503, 2000, "Service Unavailable");
        }

        var limited = Count(context) || fault == PretendFault.TooMany;
        return limited ? PretendAnswer.Error(429, 2020, "Rate Limit Exceeded")
            : context.Request.Headers.Authorization != $"Token token={token}" ? PretendAnswer.Error(401, 2006, "Authentication failed")
            : null;
    }

    private bool Count(HttpContext context)
    {
        lock (_gate)
        {
            var age = time.GetElapsedTime(_windowBegan);
            if (age >= TimeSpan.FromMinutes(1))
            {
                (_windowBegan, _inWindow, age) = (time.GetTimestamp(), 0, TimeSpan.Zero);
            }

            _inWindow++;
            if (!HidesRateHeaders)
            {
                var headers = context.Response.Headers;
                headers["ratelimit-limit"] = RequestsPerMinute.ToString(CultureInfo.InvariantCulture);
                headers["ratelimit-remaining"] = Math.Max(0, RequestsPerMinute - _inWindow).ToString(CultureInfo.InvariantCulture);
                headers["ratelimit-reset"] = Math.Ceiling((TimeSpan.FromMinutes(1) - age).TotalSeconds).ToString(CultureInfo.InvariantCulture);
            }

            return _inWindow > RequestsPerMinute;
        }
    }
}
