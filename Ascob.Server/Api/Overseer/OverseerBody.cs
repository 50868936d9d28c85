using System.Text.Json;
using Ascob.Core.Errors;

namespace Ascob.Server.Api.Overseer;

/// <summary>Reads the values of an execution: a JSON object or a form, or nothing.</summary>
internal static class OverseerBody
{
    private const int MostFields = 500;

    /// <summary>Reads them as a JSON object; a form's fields are texts, and lists where they are repeated.</summary>
    public static async Task<(JsonElement Values, bool IsForm)> ReadAsync(HttpContext context)
    {
        if (context.Request.HasFormContentType)
        {
            return (await ReadFormAsync(context), true);
        }

        var body = await RequestBody.ReadOptionalAsync<JsonDocument>(context);
        if (body is null)
        {
            return (JsonSerializer.SerializeToElement(new Dictionary<string, string>()), false);
        }

        using (body)
        {
            return body.RootElement.ValueKind == JsonValueKind.Object
                ? (body.RootElement.Clone(), false)
                : throw new RequestRefusedException(Error.Invalid("body", "A JSON object of the variables is needed."));
        }
    }

    private static async Task<JsonElement> ReadFormAsync(HttpContext context)
    {
        try
        {
            var form = await context.Request.ReadFormAsync(context.RequestAborted);
            if (form.Files.Count > 0)
            {
                throw new RequestRefusedException(Error.Invalid("body", "Variables are fields of text; files are not taken."));
            }

            return form.Count > MostFields
                ? throw new RequestRefusedException(Error.Invalid("body", $"At most {MostFields} fields."))
                : JsonSerializer.SerializeToElement(form.ToDictionary(f => f.Key, f => f.Value.Select(v => v ?? string.Empty).ToArray(), StringComparer.Ordinal));
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest })
        {
            throw new RequestRefusedException(Error.Invalid("body", "The form is malformed."));
        }
    }
}
