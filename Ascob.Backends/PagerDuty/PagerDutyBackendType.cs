using Ascob.Core.Backends;

namespace Ascob.Backends.PagerDuty;

/// <summary>Starts automation actions and incident workflows of PagerDuty.</summary>
public sealed class PagerDutyBackendType : IBackendType
{
    /// <inheritdoc/>
    public string Name => "PagerDuty";

    /// <inheritdoc/>
    public string? InstanceLabel => "pagerduty_instance";

    /// <inheritdoc/>
    public IBackendAdapter Create(BackendContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return new PagerDutyBackendAdapter(context, PagerDutySettings.Read(context));
    }
}
