namespace Ascob.Core.Repository;

/// <summary>A piece of a YAML or JSON file with the place where it stands.</summary>
/// <param name="Line">The line, from 1.</param>
internal abstract record FileNode(int Line)
{
    /// <summary>Gets how many nodes it stands for, with what its aliases name counted as often as they are used.</summary>
    public abstract long Weight { get; }
}

/// <summary>A text, a number, a flag or nothing.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Text">As it is written, without quotes.</param>
/// <param name="IsPlain">Whether it was written without quotes: then <c>12</c> is a number and <c>yes</c> a flag.</param>
internal sealed record ScalarNode(int Line, string Text, bool IsPlain) : FileNode(Line)
{
    /// <inheritdoc/>
    public override long Weight => 1;

    /// <summary>Gets whether it says nothing.</summary>
    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";
}

/// <summary>A list.</summary>
internal sealed record ListNode(int Line, IReadOnlyList<FileNode> Items) : FileNode(Line)
{
    /// <inheritdoc/>
    public override long Weight { get; } = 1 + Items.Sum(i => i.Weight);
}

/// <summary>A mapping with text as keys, each once.</summary>
internal sealed record MapNode(int Line, IReadOnlyList<MapEntry> Entries) : FileNode(Line)
{
    /// <inheritdoc/>
    public override long Weight { get; } = 1 + Entries.Sum(e => 1 + e.Value.Weight);
}

/// <summary>A key with its value.</summary>
/// <param name="Key">The key.</param>
/// <param name="Line">The line of the key.</param>
/// <param name="Value">The value.</param>
internal sealed record MapEntry(string Key, int Line, FileNode Value);
