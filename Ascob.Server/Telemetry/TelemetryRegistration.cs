using Ascob.Core.Telemetry;
using Ascob.Server.Configuration;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Ascob.Server.Telemetry;

/// <summary>Adds figures, traces, health and the log.</summary>
internal static class TelemetryRegistration
{
    public static IServiceCollection AddAscobTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton<AccessMetrics>();
        services.AddSingleton<ActiveRunsGauge>();
        services.AddSingleton<ServerDrain>();
        services.AddSingleton<LockGauge>();
        services.AddSingleton<Readiness>();
        services.AddHostedService(s => s.GetRequiredService<Readiness>());

        // The time to stop in begins when the time to be left is over.
        services.AddOptions<HostOptions>().Configure<IConfiguration, IHostEnvironment>((host, settings, environment) =>
            host.ShutdownTimeout += AscobOptions.ShutdownDelayOf(settings, environment));
        var telemetry = services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService(configuration["OTEL_SERVICE_NAME"] ?? "ascob")).WithMetrics(metrics => metrics
            .AddMeter(AscobMetrics.SourceName)
            .AddAspNetCoreInstrumentation()
            .AddRuntimeInstrumentation()
            .AddPrometheusExporter());

        // Traces cost time on every request, so they are made only where somebody takes them.
        if (!string.IsNullOrWhiteSpace(configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            telemetry.WithTracing(traces => traces.AddSource(AscobMetrics.SourceName).AddAspNetCoreInstrumentation().AddOtlpExporter());
            telemetry.WithMetrics(metrics => metrics.AddOtlpExporter());
        }

        return services;
    }

    /// <summary>Structured lines for machines in production, one short line for people elsewhere; control characters are escaped in both.</summary>
    public static ILoggingBuilder AddAscobLog(this ILoggingBuilder logging, IHostEnvironment environment)
    {
        logging.ClearProviders();
        if (environment.IsProduction())
        {
            return logging.AddJsonConsole(json =>
            {
                json.UseUtcTimestamp = true;
                json.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z'";
            });
        }

        logging.AddConsole(console => console.FormatterName = PlainFormatter.FormatterName);
        return logging.AddConsoleFormatter<PlainFormatter, PlainFormatterOptions>();
    }
}
