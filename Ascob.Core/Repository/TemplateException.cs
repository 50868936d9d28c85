namespace Ascob.Core.Repository;

/// <summary>A command with variables is wrong; the message says what and what is allowed.</summary>
internal sealed class TemplateException(string message) : Exception(message);
