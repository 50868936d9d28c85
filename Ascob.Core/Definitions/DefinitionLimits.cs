namespace Ascob.Core.Definitions;

/// <summary>The bounds that <see cref="DefinitionValidator"/> holds. Lengths are in UTF-16 characters.</summary>
public static class DefinitionLimits
{
    /// <summary>Characters of a name.</summary>
    public const int Name = 180;

    /// <summary>Characters of the description.</summary>
    public const int Description = 64 * 1024;

    /// <summary>Number of tags.</summary>
    public const int Tags = 50;

    /// <summary>Characters of a tag.</summary>
    public const int Tag = 100;

    /// <summary>Number of owners.</summary>
    public const int Owners = 50;

    /// <summary>Characters of an owner.</summary>
    public const int Owner = 200;

    /// <summary>Number of annotations.</summary>
    public const int Annotations = 50;

    /// <summary>Bytes of all that one version says, as JSON in UTF-8.</summary>
    public const int TotalBytes = 256 * 1024;

    /// <summary>Characters of content after which a page of definitions or versions ends, whatever its limit.</summary>
    public const int PageCharacters = 4 * 1024 * 1024;

    /// <summary>Characters of an annotation's value.</summary>
    public const int Annotation = 64 * 1024;
}
