using System.Text.Json;

namespace Ascob.Core.Repository;

/// <summary>The posted values of an execution.</summary>
/// <param name="Json">A JSON object of them; of a form, its fields as lists of texts.</param>
/// <param name="IsForm">Whether they came as a form, where everything is text.</param>
internal sealed record JobValues(JsonElement Json, bool IsForm)
{
    /// <summary>Gets no values.</summary>
    public static JobValues None { get; } = new(JsonDocument.Parse("{}").RootElement.Clone(), false);
}
