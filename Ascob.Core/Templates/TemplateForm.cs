namespace Ascob.Core.Templates;

/// <summary>How the values of a template are written into its text.</summary>
public enum TemplateForm
{
    /// <summary>As they are. A list is joined by spaces, an object is JSON, nothing is the empty text.</summary>
    Text,

    /// <summary>As parts of a shell command: quoted for the place they stand in, so that no value is ever read as anything but text. See <see cref="ShellText"/>.</summary>
    Shell,
}
