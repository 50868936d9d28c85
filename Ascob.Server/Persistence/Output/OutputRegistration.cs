using Ascob.Core.Output;

namespace Ascob.Server.Persistence.Output;

/// <summary>Registers where output is kept.</summary>
internal static class OutputRegistration
{
    /// <summary>Adds the archive of output below <c>Ascob:DataDirectory</c>, each document bounded by <c>Ascob:Limits:MaxOutputBytes</c>.</summary>
    public static IServiceCollection AddAscobOutput(this IServiceCollection services, IConfiguration configuration)
    {
        var directory = Path.GetFullPath(configuration["Ascob:DataDirectory"] ?? "./data");
        var limits = configuration.GetValue<long?>("Ascob:Limits:MaxOutputBytes") is { } limit ? CappedLogLimits.FromTotal(limit) : CappedLogLimits.Default;
        return services.AddSingleton(limits)
            .AddSingleton<IOutputStore>(new FileOutputStore(directory, limits))
            .AddSingleton<IReportedOutput>(new ReportedOutput(directory, limits));
    }
}
