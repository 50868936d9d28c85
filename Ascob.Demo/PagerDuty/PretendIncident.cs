using System.Text.Json.Nodes;

namespace Ascob.Demo.PagerDuty;

/// <summary>An incident of the pretend account.</summary>
internal sealed record PretendIncident(string Id, string? Key, string Title, Uri Url)
{
    public string Status { get; set; } = "triggered";

    public JsonObject ToJson() => new()
    {
        ["id"] = Id,
        ["type"] = "incident",
        ["title"] = Title,
        ["status"] = Status,
        ["incident_key"] = Key,
        ["html_url"] = Url.AbsoluteUri,
    };
}
