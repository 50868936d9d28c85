namespace Ascob.Core.Templates;

/// <summary>The bounds of templates: whoever writes one can cost the server no more than this.</summary>
public static class TemplateLimits
{
    /// <summary>The longest template, in characters.</summary>
    public const int Text = 65_536;

    /// <summary>The longest piece of markup between its braces, in characters. Bounds how deep one expression can be.</summary>
    public const int Markup = 1_000;

    /// <summary>How deep blocks may stand in each other.</summary>
    public const int Depth = 32;

    /// <summary>How many statements one rendering may carry out.</summary>
    public const int Steps = 10_000;

    /// <summary>How much all templates of one job may read, make and compare together, in characters.</summary>
    public const int Work = 8_388_608;

    /// <summary>The longest value that a filter or an assignment may make, in characters.</summary>
    public const int Value = 262_144;

    /// <summary>The longest result, in characters.</summary>
    public const int Output = 1_048_576;
}
