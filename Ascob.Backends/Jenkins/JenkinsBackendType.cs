using Ascob.Core.Backends;

namespace Ascob.Backends.Jenkins;

/// <summary>Starts jobs of a Jenkins controller and follows their builds.</summary>
public sealed class JenkinsBackendType : IBackendType
{
    /// <inheritdoc/>
    public string Name => "Jenkins";

    /// <inheritdoc/>
    public string? InstanceLabel => "jenkins_instance";

    /// <inheritdoc/>
    public IBackendAdapter Create(BackendContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new JenkinsBackendAdapter(context);
    }
}
