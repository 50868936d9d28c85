using System.Text.Json.Nodes;

namespace Ascob.Demo.PagerDuty;

/// <summary>A status with its body.</summary>
internal sealed record PretendAnswer(int Status, JsonNode Body)
{
    public static PretendAnswer Of(int status, string name, JsonNode value) => new(status, new JsonObject { [name] = value });

    public static PretendAnswer NotFound() => Error(404, 2100, "Not Found");

    public static PretendAnswer Invalid(string detail) => Error(400, 2001, "Invalid Input Provided", detail);

    public static PretendAnswer Error(int status, int code, string message, params string[] errors) => Of(status, "error", new JsonObject
    {
        ["message"] = message,
        ["code"] = code,
        ["errors"] = new JsonArray([.. errors.Select(e => (JsonNode)e)]),
    });
}
