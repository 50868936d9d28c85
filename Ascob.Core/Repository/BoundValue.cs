namespace Ascob.Core.Repository;

/// <summary>A value as a command and its environment get it.</summary>
/// <param name="Text">The value of its variable in the environment.</param>
/// <param name="References">The variables of the environment that make its words: one, or one for each of several.</param>
/// <param name="Items">The words of several, in the order of <paramref name="References"/>; null where the value is one word.</param>
internal sealed record BoundValue(string Text, IReadOnlyList<string> References, IReadOnlyList<string>? Items = null)
{
    /// <summary>Gets the value as it stands in the text of a command that asks for it raw.</summary>
    public string Raw => Items is null ? Text : string.Join(' ', Items);
}
