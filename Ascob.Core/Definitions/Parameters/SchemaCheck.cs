using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Ascob.Core.Jobs;

namespace Ascob.Core.Definitions.Parameters;

/// <summary>
/// Says what is wrong with a value by a schema, all of it at once. Messages never hold the value, which may be secret. Ends with a <see cref="CheckEndedException"/> where the values cannot be checked.
/// </summary>
internal sealed class SchemaCheck(FieldErrorList errors, CheckWork work)
{
    private const int MostShownWords = 20;

    /// <summary>Checks a value and answers whether it is fine.</summary>
    public bool Check(SchemaNode node, JsonElement value, string field)
    {
        work.Spend(CheckWork.Look, field);
        if (node.Always is { } always)
        {
            return always || Refuse(field, "is not allowed.");
        }

        if (!HasType(node.Types, value))
        {
            // The other keywords of the schema would only repeat it in other words.
            return Refuse(field, $"must be {Words(node.Types)}.");
        }

        var isFine = CheckChoice(node, value, field);
        isFine &= value.ValueKind switch
        {
            JsonValueKind.String => CheckText(node, value.GetString()!, field),
            JsonValueKind.Number => CheckNumber(node, value, field),
            JsonValueKind.Array => CheckItems(node, value, field),
            JsonValueKind.Object => CheckMembers(node, value, field),
            _ => true,
        };
        return isFine & CheckCombined(node, value, field);
    }

    private static bool HasType(SchemaTypes types, JsonElement value) => types == SchemaTypes.None || value.ValueKind switch
    {
        JsonValueKind.String => types.HasFlag(SchemaTypes.String),
        JsonValueKind.Number => types.HasFlag(SchemaTypes.Number) || (types.HasFlag(SchemaTypes.Integer) && IsWhole(value)),
        JsonValueKind.True or JsonValueKind.False => types.HasFlag(SchemaTypes.Boolean),
        JsonValueKind.Array => types.HasFlag(SchemaTypes.Array),
        JsonValueKind.Object => types.HasFlag(SchemaTypes.Object),
        JsonValueKind.Null => types.HasFlag(SchemaTypes.Null),
        _ => false,
    };

    // What no decimal can hold is whole or nearly so, and too large for any job.
    private static bool IsWhole(JsonElement value) => value.TryGetDecimal(out var number) && decimal.Truncate(number) == number;

    private static string Words(SchemaTypes types)
    {
        var words = new List<string>();
        Add(SchemaTypes.String, "text");
        Add(SchemaTypes.Number, "a number");
        Add(SchemaTypes.Integer, "a whole number");
        Add(SchemaTypes.Boolean, "true or false");
        Add(SchemaTypes.Array, "a list");
        Add(SchemaTypes.Object, "an object");
        Add(SchemaTypes.Null, "null");
        return string.Join(" or ", words);

        void Add(SchemaTypes type, string word)
        {
            if (types.HasFlag(type))
            {
                words.Add(word);
            }
        }
    }

    private bool CheckChoice(SchemaNode node, JsonElement value, string field)
    {
        if (node.Enum is not null || node.Const is not null)
        {
            // A text whose characters are escaped is read anew for each comparison.
            work.Spend(node.ChoiceWork + (((node.Enum?.Count ?? 0) + 1L) * (1 + (JsonMarshal.GetRawUtf8Value(value).Length / 64))), field);
        }

        var isFine = node.Enum is not { } allowed || allowed.Any(a => JsonElement.DeepEquals(a, value))
            || Refuse(field, $"must be one of {string.Join(", ", allowed.Take(MostShownWords).Select(Show))}{(allowed.Count > MostShownWords ? " and others" : string.Empty)}.");
        return isFine & (node.Const is not { } only || JsonElement.DeepEquals(only, value) || Refuse(field, $"must be {Show(only)}."));
    }

    private static string Show(JsonElement value)
    {
        var text = value.GetRawText();
        return text.Length <= 100 ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[99]) ? 99 : 100), "…");
    }

    private bool CheckText(SchemaNode node, string text, string field)
    {
        var isFine = true;
        work.Spend(text.Length / 16, field);
        if (node.MinLength is not null || node.MaxLength is not null)
        {
            var length = text.EnumerateRunes().Count();
            isFine &= node.MinLength is not { } least || length >= least || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must have at least {least} characters."));
            isFine &= node.MaxLength is not { } most || length <= most || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must have at most {most} characters."));
        }

        isFine &= node.Pattern is null || Matches(node.Pattern, text, field) || Refuse(field, $"must match the pattern {node.Pattern}.");
        return isFine & (node.Format is null || SchemaFormats.IsFine(node.Format, text) || Refuse(field, $"must be {SchemaFormats.Word(node.Format)}."));
    }

    private bool Matches(SchemaPattern pattern, string text, string field) => text.Length <= SchemaPattern.LongestText
        ? pattern.IsMatch(text, work, field)
        : throw new CheckEndedException(field, string.Create(CultureInfo.InvariantCulture, $"is too long: a text that has to match a pattern has at most {SchemaPattern.LongestText} characters."));

    private bool CheckNumber(SchemaNode node, JsonElement value, string field)
    {
        if (!value.TryGetDecimal(out var number))
        {
            return Refuse(field, "is a number of more than 28 digits.");
        }

        var isFine = node.Minimum is not { } least || number >= least || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must be at least {least}."));
        isFine &= node.Maximum is not { } most || number <= most || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must be at most {most}."));
        isFine &= node.ExclusiveMinimum is not { } above || number > above || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must be more than {above}."));
        isFine &= node.ExclusiveMaximum is not { } below || number < below || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must be less than {below}."));
        return isFine & (node.MultipleOf is not { } step || number % step == 0 || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must be a multiple of {step}.")));
    }

    private bool CheckItems(SchemaNode node, JsonElement list, string field)
    {
        var count = list.GetArrayLength();
        var isFine = node.MinItems is not { } least || count >= least || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must have at least {least} items."));
        isFine &= node.MaxItems is not { } most || count <= most || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must have at most {most} items."));
        isFine &= !node.UniqueItems || AreUnique(list, field);
        if (node.Items is null && node.PrefixItems.Count == 0)
        {
            return isFine;
        }

        work.Spend(count, field);
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            var schema = index < node.PrefixItems.Count ? node.PrefixItems[index] : node.Items;
            isFine &= schema is null || Check(schema, item, string.Create(CultureInfo.InvariantCulture, $"{field}[{index}]"));
            index++;
        }

        return isFine;
    }

    private bool AreUnique(JsonElement list, string field)
    {
        var seen = new Dictionary<JsonElement, int>(new SameItems(work, field));
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            if (!seen.TryAdd(item, index))
            {
                return Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must not hold an item twice, as items {seen[item]} and {index}."));
            }

            index++;
        }

        return true;
    }

    private bool CheckMembers(SchemaNode node, JsonElement map, string field)
    {
        work.Spend(map.GetPropertyCount() * 4L, field);
        var names = map.EnumerateObject().Select(m => m.Name).ToHashSet(StringComparer.Ordinal);
        var isFine = node.MinProperties is not { } least || names.Count >= least || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must have at least {least} members."));
        isFine &= node.MaxProperties is not { } most || names.Count <= most || Refuse(field, string.Create(CultureInfo.InvariantCulture, $"must have at most {most} members."));
        foreach (var name in node.Required.Where(n => !names.Contains(n)))
        {
            isFine = Refuse(FieldErrorList.Member(field, name), "is required.");
        }

        foreach (var (name, wanted) in node.DependentRequired.Where(d => names.Contains(d.Key)))
        {
            foreach (var missing in wanted.Where(n => !names.Contains(n)))
            {
                isFine = Refuse(FieldErrorList.Member(field, missing), $"is required where '{name}' is given.");
            }
        }

        foreach (var member in map.EnumerateObject())
        {
            var place = FieldErrorList.Member(field, member.Name);
            isFine &= node.PropertyNames is null || Check(node.PropertyNames, JsonSerializer.SerializeToElement(member.Name, AscobJson.Options), place);
            if (node.Properties.TryGetValue(member.Name, out var schema))
            {
                isFine &= Check(schema, member.Value, place);
            }
            else if (node.AdditionalProperties is { } others)
            {
                isFine &= others.Always == false ? Refuse(place, "is not known.") : Check(others, member.Value, place);
            }
        }

        return isFine;
    }

    private bool CheckCombined(SchemaNode node, JsonElement value, string field)
    {
        var isFine = true;
        foreach (var part in node.AllOf)
        {
            isFine &= Check(part, value, field);
        }

        isFine &= node.AnyOf.Count == 0 || node.AnyOf.Any(p => Fits(p, value, field)) || Refuse(field, "fits none of the forms that are allowed (anyOf).");
        if (node.OneOf.Count > 0)
        {
            var fitting = node.OneOf.Count(p => Fits(p, value, field));
            isFine &= fitting == 1 || Refuse(field, fitting == 0 ? "fits none of the forms that are allowed (oneOf)." : "fits more than one of the forms that are allowed (oneOf).");
        }

        isFine &= node.Not is null || !Fits(node.Not, value, field) || Refuse(field, "has a form that is not allowed (not).");
        if (node.If is not null && (Fits(node.If, value, field) ? node.Then : node.Else) is { } branch)
        {
            isFine &= Check(branch, value, field);
        }

        return isFine;
    }

    private bool Fits(SchemaNode node, JsonElement value, string field) => new SchemaCheck(new FieldErrorList(0), work).Check(node, value, field);

    private bool Refuse(string field, string message)
    {
        errors.Add(field, message);
        return false;
    }
}
