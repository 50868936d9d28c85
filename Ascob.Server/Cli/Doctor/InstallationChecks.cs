using System.Data.Common;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Server.Persistence;
using Ascob.Server.Persistence.Locks.Consul;
using Microsoft.Data.Sqlite;

namespace Ascob.Server.Cli.Doctor;

/// <summary>
/// Looks at what the server would be here: its configuration, data directory, database and backends. The server is built and not started, so a running one is not
/// disturbed.
/// </summary>
internal sealed class InstallationChecks(BuildServer build) : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private WebApplication? _server;

    /// <summary>Looks at everything.</summary>
    /// <param name="lookAtBackends">Whether the backends are asked from here, because no server answers that could tell.</param>
    /// <param name="cancellationToken">Stops looking.</param>
    public async Task<List<DoctorCheck>> RunAsync(bool lookAtBackends, CancellationToken cancellationToken)
    {
        var checks = new List<DoctorCheck>();
        try
        {
            _server = build([], builder => builder.Logging.ClearProviders());
            checks.Add(DoctorCheck.Ok("configuration", $"environment {_server.Environment.EnvironmentName}"));
        }
        catch (Exception e)
        {
            // Whatever keeps the server from being built would keep it from starting, and the message is made for operators.
            checks.Add(DoctorCheck.Fail("configuration", CliText.Plain(e.Message), "mend the setting that is named"));
            return checks;
        }

        checks.AddRange(LocalChecks.DataDirectory(Path.GetFullPath(_server.Configuration["Ascob:DataDirectory"] ?? "./data")));
        checks.Add(await DatabaseAsync(_server.Services, cancellationToken));
        if (lookAtBackends)
        {
            checks.AddRange(await BackendsAsync(_server.Services.GetRequiredService<BackendCatalog>(), cancellationToken));
            if (_server.Services.GetService<ConsulClient>() is { } consul)
            {
                checks.Add(await ConsulAsync(consul, cancellationToken));
            }
        }

        return checks;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private static async Task<DoctorCheck> DatabaseAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        const string name = "database";
        var settings = services.GetRequiredService<DatabaseSettings>();
        if (settings.Provider == DatabaseProvider.Sqlite && !File.Exists(new SqliteConnectionStringBuilder(settings.ConnectionString).DataSource))
        {
            // Opening it would make it.
            return DoctorCheck.Ok(name, "SQLite, not there yet; the first start makes it");
        }

        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            return await services.GetRequiredService<DatabaseStartup>().IsCurrentAsync(patience.Token)
                ? DoctorCheck.Ok(name, $"{settings.Provider}, migrated to this version")
                : DoctorCheck.Warn(name, $"{settings.Provider}, not migrated to this version", "the next start of this version migrates it; back it up before");
        }
        catch (Exception e) when (e is StoreUnavailableException or DbException)
        {
            return DoctorCheck.Fail(name, CliText.Plain(e.Message), "mend Ascob:Database:ConnectionString, or start the database");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return DoctorCheck.Fail(name, $"no answer within {Patience.TotalSeconds:F0} s", "mend Ascob:Database:ConnectionString, or start the database");
        }
    }

    private static async Task<DoctorCheck> ConsulAsync(ConsulClient consul, CancellationToken cancellationToken)
    {
        var answer = await consul.ListAsync(0, cancellationToken);
        return answer.IsValue
            ? DoctorCheck.Ok("locks", "Consul answers")
            : DoctorCheck.Fail("locks", CliText.Plain($"Consul: {answer.Text}"), "start Consul, or mend the settings below Ascob:Locks:Consul");
    }

    private static async Task<IEnumerable<DoctorCheck>> BackendsAsync(BackendCatalog catalog, CancellationToken cancellationToken)
    {
        var checks = new List<DoctorCheck>();
        foreach (var backend in catalog.Served)
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            var name = $"backend {backend.Id}";
            var mend = $"look at the settings below Ascob:Backends:{backend.Id}";
            try
            {
                var health = await backend.Adapter.CheckHealthAsync(patience.Token);
                checks.Add(health.Healthy ? DoctorCheck.Ok(name, backend.Type.Name) : DoctorCheck.Fail(name, health.Reason ?? "not healthy", mend));
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                checks.Add(DoctorCheck.Fail(name, $"no answer within {Patience.TotalSeconds:F0} s", mend));
            }
        }

        return checks.Count > 0 ? checks : [DoctorCheck.Warn("backends", "none is configured: nothing can run", "add one below Ascob:Backends")];
    }
}
