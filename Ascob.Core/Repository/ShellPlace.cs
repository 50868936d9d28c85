namespace Ascob.Core.Repository;

/// <summary>What a place in the text of a shell means to what is put there.</summary>
internal enum ShellPlace
{
    /// <summary>Between words or in one.</summary>
    Bare,

    /// <summary>Between double quotes.</summary>
    DoubleQuoted,

    /// <summary>Between single quotes.</summary>
    SingleQuoted,

    /// <summary>In a here-document that is expanded.</summary>
    Document,

    /// <summary>In a comment.</summary>
    Comment,

    /// <summary>In arithmetic, where a text would be read as an expression.</summary>
    Arithmetic,

    /// <summary>After a backslash.</summary>
    Escaped,

    /// <summary>In a here-document or quotes that expand nothing.</summary>
    Verbatim,
}
