using System.Globalization;
using DotNet.Testcontainers.Builders;
using Microsoft.Data.SqlClient;
using Testcontainers.MsSql;

[assembly: AssemblyFixture(typeof(Ascob.Tests.Fixtures.SqlServerFixture))]

namespace Ascob.Tests.Fixtures;

/// <summary>A real SQL Server in a container, or the one that <c>ASCOB_TEST_SQLSERVER</c> names; started when the first test asks for it.</summary>
public sealed class SqlServerFixture : IAsyncDisposable
{
    private readonly SemaphoreSlim _gate = new(1);
    private MsSqlContainer? _container;
    private string? _server;
    private string? _missing;
    private int _databases;

    /// <summary>Answers the connection string of a database that does not exist yet; skips the test where there is no SQL Server.</summary>
    public async Task<string> CreateDatabaseAsync()
    {
        await EnsureStartedAsync();
        Assert.SkipWhen(_missing is not null, _missing ?? string.Empty);
        return new SqlConnectionStringBuilder(_server)
        {
            InitialCatalog = string.Create(CultureInfo.InvariantCulture, $"ascob_{Environment.ProcessId}_{Interlocked.Increment(ref _databases)}"),
        }.ConnectionString;
    }

    public async ValueTask DisposeAsync()
    {
        if (_container is not null)
        {
            await _container.DisposeAsync();
        }

        _gate.Dispose();
    }

    private async Task EnsureStartedAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_server is not null || _missing is not null)
            {
                return;
            }

            if (Environment.GetEnvironmentVariable("ASCOB_TEST_SQLSERVER") is { Length: > 0 } given)
            {
                _server = given;
                return;
            }

            _container = new MsSqlBuilder("mcr.microsoft.com/mssql/server:2022-latest").Build();
            await _container.StartAsync();
            _server = _container.GetConnectionString();
        }
        catch (DockerUnavailableException e)
        {
            _missing = $"no Docker engine answers: {e.Message.Split('\n')[0]}";
        }
        finally
        {
            _gate.Release();
        }
    }
}
