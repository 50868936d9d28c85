using System.Globalization;
using System.Text.Json;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;

namespace Ascob.Server.Api;

/// <summary>Tells what is wrong with JSON in words for clients: the field, and what was expected, but no names of our types.</summary>
internal static class JsonFault
{
    private const string Invalid = "This is not valid JSON.";
    private const string Truncated = "The JSON ends before it is complete.";
    private const string WrongType = "The value has the wrong type.";

    // What the reader says about text that is no JSON, and what we say instead.
    private static readonly (string Said, string Sentence)[] Texts =
    [
        ("invalid JSON literal", Invalid),
        ("Expected depth to be zero", Truncated),
        ("reached end of data", Truncated),
        ("maximum configured depth", string.Create(CultureInfo.InvariantCulture, $"The JSON is nested deeper than {AscobJson.Options.MaxDepth} levels.")),
        ("trailing comma", "A comma stands before a closing bracket."),
        ("after a single JSON value", "Something follows after the end of the JSON."),
        ("uplicate propert", "The name stands twice in one object."),
        ("could not be mapped to any .NET member", "There is no member of this name."),
    ];

    // The same about values; they may be quoted in the outer message, so the inner one is asked.
    private static readonly (string Said, string Sentence)[] Values =
    [
        ("invalid UTF-8", "The text is not valid UTF-8."),
        ("UTF-16", "The text holds half a surrogate pair."),
        ("as a string", "This must be a string."),
        ("as a boolean", "This must be true or false."),
        ("as a number", "This must be a number."),
        ("out of bounds", "The number is out of range or not whole."),
    ];

    public static Error Describe(JsonException exception)
    {
        if (exception.Message.Contains("does not contain any JSON tokens", StringComparison.Ordinal))
        {
            return Error.Invalid("body", "The body is empty.");
        }

        var place = exception is { LineNumber: { } line, BytePositionInLine: { } column }
            ? string.Create(CultureInfo.InvariantCulture, $" (line {line + 1}, byte {column + 1})")
            : string.Empty;
        return Error.Invalid(Field(exception.Path) + exception.Data[JsonElementConverter.Place], Sentence(exception) + place);
    }

    // The reader writes $.a['b c'][0]; our own checks write a.b c[0].
    private static string Field(string? path) => path switch
    {
        { Length: > 2 } when path.StartsWith("$.", StringComparison.Ordinal) => Plain(path[2..]),
        { Length: > 3 } when path.StartsWith("$['", StringComparison.Ordinal) => Plain(path[3..]),
        { Length: > 2 } when path.StartsWith("$[", StringComparison.Ordinal) => Plain(path[1..]),
        _ => "body",
    };

    private static string Plain(string path) => path.Replace("['", ".", StringComparison.Ordinal).Replace("']", string.Empty, StringComparison.Ordinal);

    private static string Sentence(JsonException exception)
    {
        // Our converters speak to clients ("This must be ..."); the reader's messages are about JSON or about .NET types.
        var message = exception.Message;
        if (message.StartsWith("This must be", StringComparison.Ordinal))
        {
            var end = message.IndexOf(" Path: ", StringComparison.Ordinal);
            return end > 0 ? message[..end] : message;
        }

        return exception.InnerException is InvalidOperationException or FormatException
            ? Translate(exception.InnerException.Message, Values) ?? WrongType
            : message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal) ? WrongType : Translate(message, Texts) ?? Invalid;
    }

    private static string? Translate(string message, (string Said, string Sentence)[] table) =>
        table.FirstOrDefault(t => message.Contains(t.Said, StringComparison.Ordinal)).Sentence;
}
