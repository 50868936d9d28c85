using System.Net;
using System.Text.Json;
using Ascob.Backends.Http;

namespace Ascob.Backends.PagerDuty;

/// <summary>What came of one call: a status with a body that may make sense, or a fault of the way.</summary>
/// <param name="Status">The status; null where there was no answer.</param>
/// <param name="Json">The body; null where it is none or no JSON.</param>
/// <param name="Detail">What PagerDuty says went wrong, in one line; empty for nothing.</param>
/// <param name="Fault">Why there was no answer; null where there was one.</param>
/// <param name="Pause">How long no further request may go out; null for no pause.</param>
internal sealed record PagerDutyAnswer(HttpStatusCode? Status, JsonElement? Json, string Detail, Exception? Fault, TimeSpan? Pause)
{
    public bool IsSuccess => Status is { } status && (int)status is >= 200 and < 300;

    /// <summary>Gets whether something else than PagerDuty's API has answered, which has certainly started nothing: a redirect, or a page that is not there.</summary>
    public bool IsElsewhere => Status is { } status && ((int)status is >= 300 and < 400 || (status == HttpStatusCode.NotFound && Json is null));

    /// <summary>Gets one readable sentence about an answer that was not wanted.</summary>
    public string Reason => this switch
    {
        { Fault: { } fault } => HttpFault.Describe(fault),
        { IsSuccess: true, Json: null } => Join($"PagerDuty answered {(int)Status!} without JSON; is the address right?", Detail),
        { IsSuccess: true } => $"PagerDuty answered {(int)Status!} without what was asked for",
        { Status: >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest } => $"the address redirects elsewhere ({(int)Status!}); is it right?",
        { Status: HttpStatusCode.NotFound, Json: null } => Join("the address is not that of PagerDuty's API (404)", Detail),
        _ => Join(HttpFault.Describe(Status!.Value), Detail),
    };

    /// <summary>Answers the object of that name; null where there is none.</summary>
    public JsonElement? Part(string name, JsonValueKind kind = JsonValueKind.Object) => IsSuccess && Json is { } json ? PagerDutyJson.Part(json, name, kind) : null;

    private static string Join(string sentence, string detail) => detail.Length > 0 ? $"{sentence}: {detail}" : sentence;
}
