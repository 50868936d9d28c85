using System.Globalization;
using System.Text.Json;
using Ascob.Core.Errors;

namespace Ascob.Server.Api;

/// <summary>Tells what is wrong with JSON in words for clients: the field, and what was expected, but no names of our types.</summary>
internal static class JsonFault
{
    public static Error Describe(JsonException exception)
    {
        var field = exception.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..]
            : exception.Path is { Length: > 1 } index && index.StartsWith("$[", StringComparison.Ordinal) ? index[1..]
            : "body";
        var place = exception is { LineNumber: { } line, BytePositionInLine: { } column }
            ? string.Create(CultureInfo.InvariantCulture, $" (line {line + 1}, byte {column + 1})")
            : string.Empty;
        return Error.Invalid(field, Sentence(exception) + place);
    }

    private static string Sentence(JsonException exception)
    {
        // Our converters speak to clients ("This must be ..."); the reader's messages are about JSON or about .NET types.
        var message = exception.Message;
        if (message.StartsWith("This must be", StringComparison.Ordinal))
        {
            var end = message.IndexOf(" Path: ", StringComparison.Ordinal);
            return end > 0 ? message[..end] : message;
        }

        if (message.Contains("uplicate", StringComparison.Ordinal))
        {
            return "A name stands twice in one object.";
        }

        if (exception.InnerException is InvalidOperationException or FormatException || message.Contains("could not be converted", StringComparison.Ordinal))
        {
            return "The value has the wrong type or is out of range.";
        }

        return message.Contains("depth", StringComparison.Ordinal) ? "The JSON is nested too deeply." : "This is not valid JSON.";
    }
}
