namespace Ascob.Core.Backends;

/// <summary>
/// A type of backend that can be configured, such as <c>Shell</c>: one folder in <c>Ascob.Backends</c> and one registration line. It makes an adapter for
/// each configured backend.
/// </summary>
public interface IBackendType
{
    /// <summary>Gets the word for <c>Ascob:Backends:&lt;id&gt;:Type</c>; compared without case.</summary>
    string Name { get; }

    /// <summary>
    /// Gets the label whose value names a backend of this type (<c>jenkins_instance</c>); null for none.
    /// </summary>
    string? InstanceLabel { get; }

    /// <summary>
    /// Gets the start of the labels that tell this type what to start (<c>shell_</c>). A job that carries none of them goes to such a backend only when it names the
    /// backend, or by labels that the backend declares.
    /// </summary>
    string LabelPrefix => Name.ToLowerInvariant() + "_";

    /// <summary>Makes the adapter of one configured backend.</summary>
    /// <param name="context">What it is made of.</param>
    /// <exception cref="BackendConfigurationException">The settings are wrong; the message names the key.</exception>
    IBackendAdapter Create(BackendContext context);
}

/// <summary>What an adapter is made of.</summary>
/// <param name="Id">The backend's id.</param>
/// <param name="Options">The settings that every backend has.</param>
/// <param name="Settings">Reads a setting of the type's own by its path below <c>Ascob:Backends:&lt;id&gt;</c>; null where it is not set.</param>
/// <param name="DataDirectory">Where this server keeps its files; absolute.</param>
/// <param name="Services">For logging, time and HTTP clients.</param>
public sealed record BackendContext(
    string Id,
    BackendOptions Options,
    Func<string, string?> Settings,
    string DataDirectory,
    IServiceProvider Services)
{
    /// <summary>Gets the path of the settings in the configuration, for messages.</summary>
    public string SettingsPath { get; init; } = $"Ascob:Backends:{Id}";
}

/// <summary>A backend is configured wrongly; the start is refused with this message, which names the key.</summary>
public sealed class BackendConfigurationException : Exception
{
    /// <summary>Initialises the exception.</summary>
    public BackendConfigurationException(string message)
        : base(message)
    {
    }

    /// <summary>Initialises the exception.</summary>
    public BackendConfigurationException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Initialises the exception.</summary>
    public BackendConfigurationException()
        : base("A backend is configured wrongly.")
    {
    }
}
