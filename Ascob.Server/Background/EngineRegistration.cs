using Ascob.Core.Callbacks;
using Ascob.Core.Cluster;
using Ascob.Core.Definitions;
using Ascob.Core.Dispatch;
using Ascob.Core.Locks;
using Ascob.Core.Monitoring;
using Ascob.Core.Output;
using Ascob.Core.Repository;
using Ascob.Core.Routing;
using Ascob.Core.Runs;
using Ascob.Core.Telemetry;
using Ascob.Core.Timing;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ascob.Server.Background;

/// <summary>Registers the engine of Core and the loops that drive it.</summary>
internal static class EngineRegistration
{
    /// <summary>Adds the use cases, the dispatcher, the followers and the sweeper.</summary>
    public static IServiceCollection AddAscobEngine(this IServiceCollection services)
    {
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<MonotonicClock>();
        services.TryAddSingleton(_ => new Backoff(new Random()));
        services.TryAddSingleton<AscobMetrics>();
        services.AddSingleton<ServerIdentity>();
        services.AddSingleton<CallbackIds>();
        services.AddSingleton<ClusterView>();
        services.AddSingleton<RunPlaces>();
        services.TryAddSingleton<IAttention, NobodyElse>();
        services.AddSingleton<Router>();
        services.AddSingleton<RunSignals>();
        services.AddSingleton<RunWatch>();
        services.AddSingleton<RunUpdater>();
        services.AddSingleton<RunTracker>();
        services.AddSingleton<PollSchedule>();
        services.AddSingleton<OutputArchiver>();
        services.AddSingleton<LiveOutput>();
        services.AddSingleton<OutputPublisher>();
        services.AddSingleton<JobMaker>();
        services.AddSingleton<RunFinisher>();
        services.AddSingleton<Elsewhere>();
        services.AddSingleton<SubmissionWaits>();
        services.AddSingleton<StartLocks>();
        services.AddSingleton<SubmissionAnswers>();
        services.AddSingleton<RunSubmitter>();
        services.AddSingleton<Dispatcher>();
        services.TryAddSingleton<LockSignals>();
        services.AddSingleton<LockService>();
        services.AddSingleton<LockBoard>();
        services.AddSingleton<LockBreaker>();
        services.AddSingleton<RunStopper>();
        services.AddSingleton<ExecutionEvents>();
        services.AddSingleton<HaltOrders>();
        services.AddSingleton<IRunErrands>(s => s.GetRequiredService<HaltOrders>());
        services.AddSingleton<RunFollower>();
        services.AddSingleton<Sweeper>();
        services.AddSingleton<EngineLoops>();
        services.AddSingleton<RunAcceptor>();
        services.AddSingleton<RunOrders>();
        services.AddSingleton<JobService>();
        services.AddSingleton<DefinitionService>();
        services.AddSingleton<DefinitionLauncher>();
        services.AddSingleton<DefinitionOverview>();
        services.AddSingleton<ExpectedTimes>();
        services.AddSingleton<CallbackService>();
        services.AddSingleton<Retention>();
        services.AddSingleton<BackendLeftovers>();
        services.AddSingleton<StrayJobs>();
        services.AddSingleton<BackendHealthChecks>();
        services.AddAscobNotices();
        services.AddHostedService<BackendWatch>();
        services.AddHostedService<EngineHost>();
        services.AddHostedService<RunWatchService>();
        services.AddHostedService<FileSweep>();
        services.AddHostedService<OutputPublishing>();
        services.AddHostedService<LeftoverSweep>();
        services.AddHostedService<StraySweep>();
        return services;
    }
}
