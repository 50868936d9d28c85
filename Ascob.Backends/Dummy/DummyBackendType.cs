using Ascob.Core.Backends;
using Ascob.Core.Timing;

namespace Ascob.Backends.Dummy;

/// <summary>A pretend backend: it starts nothing, and is as slow, failing or forgetful as the job's labels ask.</summary>
public sealed class DummyBackendType : IBackendType
{
    /// <inheritdoc/>
    public string Name => "Dummy";

    /// <inheritdoc/>
    public string? InstanceLabel => null;

    /// <inheritdoc/>
    public IBackendAdapter Create(BackendContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var time = (TimeProvider?)context.Services.GetService(typeof(TimeProvider)) ?? TimeProvider.System;
        return new DummyBackendAdapter(context.Id, (MonotonicClock?)context.Services.GetService(typeof(MonotonicClock)) ?? new MonotonicClock(time));
    }
}
