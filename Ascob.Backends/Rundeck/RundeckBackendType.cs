using Ascob.Core.Backends;

namespace Ascob.Backends.Rundeck;

/// <summary>Jobs of a Rundeck, over its web API.</summary>
public sealed class RundeckBackendType : IBackendType
{
    /// <inheritdoc/>
    public string Name => "Rundeck";

    /// <inheritdoc/>
    public string? InstanceLabel => "rundeck_instance";

    /// <inheritdoc/>
    public IBackendAdapter Create(BackendContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new RundeckBackendAdapter(context, RundeckSettings.Read(context));
    }
}
