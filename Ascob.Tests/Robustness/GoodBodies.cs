using System.Text.Json.Nodes;

namespace Ascob.Tests.Robustness;

/// <summary>A body for each operation that takes one, good as it stands.</summary>
internal static class GoodBodies
{
    public static JsonNode For(string path, Random random) => JsonNode.Parse(path switch
    {
        "/api/runs" or "/api/routing/explain" => random.Next(3) == 0 ? SmallJob : LargeJob,
        "/api/search/runs" => """{"submitterFilter":"fuzz","statusFilter":["RUNNING","FAILED"],"createdBeforeFilter":"2030-01-01T00:00:00Z","createdAfterFilter":"2020-01-01T00:00:00Z","maxResults":5}""",
        "/api/runs/{id}/resubmit" => """{"submitter":"fuzz","parameters":{"a":"b"}}""",
        "/api/runs/{id}/resolve" => """{"verdict":"adopt","backendKeys":{"id":"1"},"reason":"seen there"}""",
        "/api/webhooks/runs/{webhookId}" => """{"status":"RUNNING","identificationKeys":{"id":"1"},"progress":50.5,"message":"half","output":"text","id":"m1","seq":3}""",
        "/api/webhooks/runs/{webhookId}/claim" => """{"executionId":"one"}""",
        "/api/security/tokens/{identifier}" => """{"expirySeconds":60,"permissions":["job_submit"],"submitters":["fuzz"]}""",
        "/api/definitions" or "/api/definitions/{name}" => random.Next(3) == 0 ? SmallJob : Definition,
        "/api/definitions/{name}/runs" => """{"submitter":"fuzz","parameters":{"host":"web","list":["a",1],"password":"p"}}""",
        "/api/definitions/{name}/schedules" or "/api/definitions/{name}/schedules/{id}" => """{"schedule":{"cron":"0 3 * * *","timeZone":"Europe/Berlin","parameters":{"host":"web"},"overlap":"skip"}}""",
        _ => """{"a":1}""",
    })!;

    private const string SmallJob = """{"jobSpec":{"submitter":"fuzz","labels":{"_execution_backend_id":"dummyBackend"}}}""";

    private const string Definition = """
        {"name":"fuzz","description":"d","jobSpec":{"description":"on {{ host }}","submitter":"fuzz","labels":{"_execution_backend_id":"dummyBackend","dummy_run_ms":"1"},"parameters":{"a":"1"},
        "secretParameters":{"s":"2"},"locks":[{"key":"fuzz"}]},"parameters":{"type":"object","properties":{"host":{"type":"string","default":"web","enum":["web","db"]},"list":{"type":"array"},
        "password":{"type":"string","writeOnly":true}}},"tags":["t"],"owners":["o"],"annotations":{"k":"v"},"nextExecution":"always","expectedSeconds":5,"suspended":true}
        """;

    private const string LargeJob = """
        {"jobSpec":{"description":"d","submitter":"fuzz","labels":{"_execution_backend_id":"dummyBackend","dummy_delay_ms":"1","dummy_run_ms":"1","dummy_result":"success","dummy_output":"x"},
        "parameters":{"a":"1"},"secretParameters":{"s":"2"},"locks":[{"key":"fuzz","mode":"shared","policy":"fail"}],"manualStart":false,"runtimeVariables":true,"timeoutSeconds":5,
        "retry":{"maxAttempts":2,"delaySeconds":1,"on":["failed"]},"priority":1,"lockWaitSeconds":5}}
        """;
}
