using System.Text.Json;
using Ascob.Core.Errors;

namespace Ascob.Core.Templates;

/// <summary>Texts that are JSON arrays of strings, such as the arguments of a program: each item is a template of its own, so that no value can end one item and begin another.</summary>
public static class TemplateArrays
{
    /// <summary>Answers the items of a text that is such an array; null where it is none.</summary>
    public static IReadOnlyList<string>? Items(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.AsSpan().TrimStart().StartsWith("["))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<string[]>(text) is { } items && items.All(i => i is not null) ? items : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>Puts the values into each item. An item that is a value alone becomes as many items as its list has.</summary>
    public static Result<string> Render(string text, TemplateInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var rendered = new List<string>();
        foreach (var item in Items(text) ?? [text])
        {
            var template = Template.Parse(item);
            if (!template.IsSuccess)
            {
                return template.Error;
            }

            var items = template.Value.RenderItems(input);
            if (!items.IsSuccess)
            {
                return items.Error;
            }

            rendered.AddRange(items.Value);
        }

        return JsonSerializer.Serialize(rendered, Relaxed);
    }

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
