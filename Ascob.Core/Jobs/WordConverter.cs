using System.Text.Json;
using System.Text.Json.Serialization;

namespace Ascob.Core.Jobs;

/// <summary>Reads and writes an enum by its words on the wire. Other words and numbers are refused, never guessed.</summary>
internal sealed class WordConverter<T>(Func<T, string> toWord, WordConverter<T>.TryRead tryRead) : JsonConverter<T>
    where T : struct, Enum
{
    /// <summary>Reads a word.</summary>
    public delegate bool TryRead(string? word, out T value);

    public static WordConverter<T> From(params (T Value, string Word)[] words)
    {
        var byValue = words.ToDictionary(w => w.Value, w => w.Word);
        var byWord = words.ToDictionary(w => w.Word, w => w.Value, StringComparer.Ordinal);
        return new WordConverter<T>(
            value => byValue.TryGetValue(value, out var word) ? word : throw new JsonException($"{value} has no word."),
            (string? word, out T value) => byWord.TryGetValue(word ?? string.Empty, out value));
    }

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String ? Parse(reader.GetString()) : throw new JsonException(Message());

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WriteStringValue(toWord(value));

    public override T ReadAsPropertyName(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => Parse(reader.GetString());

    public override void WriteAsPropertyName(Utf8JsonWriter writer, T value, JsonSerializerOptions options) => writer.WritePropertyName(toWord(value));

    private T Parse(string? word) => tryRead(word, out var value) ? value : throw new JsonException(Message());

    private string Message() => $"This must be one of {string.Join(", ", Enum.GetValues<T>().Select(toWord))}.";
}
