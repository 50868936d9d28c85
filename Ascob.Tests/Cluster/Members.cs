using Ascob.Core.Backends;
using Ascob.Tests.Fixtures;
using Ascob.Tests.Server.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Ascob.Tests.Cluster;

/// <summary>Servers on one PostgreSQL, in this process or in their own.</summary>
internal static class Members
{
    public const string EncryptionKey = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    /// <summary>The settings that make a server one of several.</summary>
    public static string[] Settings(string database, string name, params string[] more) =>
    [
        "--Ascob:Database:Provider", "PostgreSql",
        "--Ascob:Database:ConnectionString", database,
        "--Ascob:Security:EncryptionKey", EncryptionKey,
        "--Ascob:ServerName", name,
        "--Ascob:ShutdownDelay", "00:00:00",
        .. more,
    ];

    /// <summary>Starts one in this process, with the dummy backend.</summary>
    public static Task<ApiServer> StartAsync(string database, string name, params string[] more) =>
        ApiServer.StartWithDummyAsync(Settings(database, name, more));

    /// <summary>Starts one in this process whose backend is the test's, and whose machine has another time than this one.</summary>
    public static Task<ApiServer> StartAsync(string database, string name, ScriptedBackend backend, TimeSpan clockIsOff, params string[] more) => ApiServer.StartAsync(
        (WebApplicationBuilder builder) =>
        {
            builder.Services.AddSingleton<IBackendType>(backend);
            builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(new ShiftedTimeProvider(clockIsOff)));
        },
        Settings(database, name, ["--Ascob:Backends:scripted:Type", "Scripted", .. more]));

    public static object Job(string submitter) => new { submitter, labels = new Dictionary<string, string> { ["_execution_backend_id"] = "scripted" } };

    /// <summary>The clock of a machine that somebody has set wrong.</summary>
    private sealed class ShiftedTimeProvider(TimeSpan offset) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + offset;
    }
}
