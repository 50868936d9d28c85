namespace Ascob.Core.Templates;

/// <summary>Ends a rendering whose values do not fit; becomes an <see cref="Errors.Error"/> before it leaves the template.</summary>
internal sealed class TemplateException(string message) : Exception(message);
