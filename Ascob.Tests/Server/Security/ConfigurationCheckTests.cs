using System.Diagnostics;
using Ascob.Core.Backends;
using Ascob.Core.Errors;
using Ascob.Core.Jobs;
using Ascob.Server;
using Ascob.Server.Configuration;
using Ascob.Tests.Server.Api;
using Microsoft.Extensions.DependencyInjection;

namespace Ascob.Tests.Server.Security;

public sealed class ConfigurationCheckTests
{
    [Theory]
    [InlineData("Ascob:PublicUrl", "ascob.example.org", "Ascob:PublicUrl must be an absolute http or https URL")]
    [InlineData("Ascob:PublicUrl", "ftp://ascob.example.org", "Ascob:PublicUrl must be")]
    [InlineData("Ascob:PublikUrl", "https://a.example", "Ascob:PublikUrl is not a setting; did you mean Ascob:PublicUrl?")]
    [InlineData("Ascob:Limit:MaxFileBytes", "1", "did you mean Ascob:Limits?")]
    [InlineData("Ascob:Limits:MaxFileByte", "1", "did you mean Ascob:Limits:MaxFileBytes?")]
    [InlineData("Ascob:Limits:MaxFileBytes", "1GB", "Ascob:Limits:MaxFileBytes must be a whole number from 1")]
    [InlineData("Ascob:Limits:MaxBodyBytes", "-1", "Ascob:Limits:MaxBodyBytes must be a whole number from 1024")]
    [InlineData("Ascob:Limits:ManualStartDeadline", "7 days", "Ascob:Limits:ManualStartDeadline must be a time span")]
    [InlineData("Ascob:Retention:Runs", "90", "Ascob:Retention:Runs must be a time span")]
    [InlineData("Ascob:Retention", "90.00:00:00", "Ascob:Retention is a section")]
    [InlineData("Ascob:Database:Provider", "Postgres", "Ascob:Database:Provider must be one of Sqlite, PostgreSql, SqlServer; did you mean PostgreSql?")]
    [InlineData("Ascob:Database:Provider", "SqlServer", "Ascob:Database:ConnectionString must be set")]
    [InlineData("Ascob:Hangfire:Storage", "Redis", "Ascob:Hangfire:Storage must be one of InMemory, Database")]
    [InlineData("Ascob:Locks:Provider", "Consul", "Ascob:Locks:Consul:Url must be set")]
    [InlineData("Ascob:Locks:Consul:Token", "secret", "Ascob:Locks:Consul:Token means nothing, because Ascob:Locks:Provider is not Consul")]
    [InlineData("Ascob:Locks:Consul:KeyPrefix", "locks/../", "Ascob:Locks:Consul:KeyPrefix must be words of")]
    [InlineData("Ascob:Locks:Consul:KeyPrefix", "locks", "Ascob:Locks:Consul:KeyPrefix must be words of")]
    [InlineData("Ascob:Locks:Consul:Url", "localhost", "Ascob:Locks:Consul:Url must be an absolute")]
    [InlineData("Ascob:TrustedProxies:0", "my-proxy", "Ascob:TrustedProxies:0 must be an IP address or a network")]
    [InlineData("Ascob:Security:MetricsOpen", "yes", "Ascob:Security:MetricsOpen must be true or false")]
    [InlineData("Ascob:Security:RootToken", "", "Ascob:Security:RootToken must be visible ASCII")]
    [InlineData("Ascob:Security:RootToken", "two words of a very long token", "Ascob:Security:RootToken must be visible ASCII")]
    [InlineData("Ascob:Security:Tokens:JobManager:0", ApiServer.RootToken, "Ascob:Security:RootToken must differ from")]
    [InlineData("Ascob:Backends:x:Type", "Nonsense", "Ascob:Backends:x:Type must be one of Dummy, Fake, Shell")]
    [InlineData("Ascob:Backends:x:Type", "Fakee", "did you mean Fake?")]
    [InlineData("Ascob:Backends:x:Weight", "1", "Ascob:Backends:x:Type must be set")]
    [InlineData("Ascob:Backends:bad id:Type", "Fake", "Ascob:Backends:bad id: the name must be")]
    [InlineData("Ascob:Backends:x:MaxConcurentRuns", "1", "did you mean Ascob:Backends:x:MaxConcurrentRuns?")]
    [InlineData("Ascob:Backends:x:Poll:Initial", "01:00:00", "Ascob:Backends:x:Poll:Initial must not be longer than")]
    [InlineData("Ascob:Backends:x:Password", "wrong", "Ascob:Backends:x: Password must not be 'wrong'")]
    [InlineData("Ascob:DataDirectory", "/proc/ascob", "Ascob:DataDirectory must be a directory that can be written to")]
    public void OperatorError_WrongSetting_StopsTheStartWithOneLineThatNamesTheKey(string key, string value, string expected)
    {
        var e = Assert.Throws<ConfigurationException>(() => Build($"--{key}", value));

        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain(ApiServer.RootToken, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rootToken")]
    [InlineData("short")]
    [InlineData("twenty-three-characters")]
    public void OperatorError_WeakTokenWhereOthersReachTheServer_StopsTheStart(string token)
    {
        var e = Assert.Throws<ConfigurationException>(() => Build("--urls", "http://0.0.0.0:0", "--Ascob:Security:RootToken", token));

        Assert.StartsWith("Ascob:Security:RootToken must have at least 24 characters", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(token, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Demo", "http://0.0.0.0:0")]
    [InlineData("Development", "http://0.0.0.0:0")]
    [InlineData("Production", "http://127.0.0.1:0")]
    [InlineData("Production", "http://[::1]:0")]
    [InlineData("Production", "http://localhost:0")]
    public void WeakToken_WhereItIsMeantToBe_IsAccepted(string environment, string url)
    {
        var app = Build("--urls", url, "--environment", environment, "--Ascob:Security:RootToken", "rootToken");

        Assert.NotNull(app);
    }

    [Fact]
    public async Task OperatorError_WrongSetting_EndsTheProcessWithCode78AndOneLineOnStderr()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "Ascob.Server.dll");
        using var process = Process.Start(new ProcessStartInfo("dotnet", [program, "--Ascob:PublicUrl", "nonsense"])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        })!;
        var errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.Equal(78, process.ExitCode);
        Assert.Equal("ascob: Ascob:PublicUrl must be an absolute http or https URL without query, such as https://ascob.example.org.\n", errors);
    }

    private static Microsoft.AspNetCore.Builder.WebApplication Build(params string[] args)
    {
        var directory = Path.Combine(Path.GetTempPath(), $"ascob-configuration-{Path.GetRandomFileName()}");
        try
        {
            string[] all = [.. ApiServer.Arguments(directory), "--Ascob:Backends:x:Type", "Fake", .. args];
            if (args[0] == "--Ascob:Backends:x:Weight")
            {
                all = [.. all.Except(["--Ascob:Backends:x:Type", "Fake"])];
            }

            return AscobServer.Build(all, b =>
            {
                AbsentStore.Use(b.Services);
                foreach (var type in b.Services.Where(s => s.ServiceType == typeof(IBackendType)).ToList())
                {
                    b.Services.Remove(type);
                }

                b.Services.AddSingleton<IBackendType>(new FakeType("Fake"));
                b.Services.AddSingleton<IBackendType>(new FakeType("Dummy"));
                b.Services.AddSingleton<IBackendType>(new FakeType("Shell"));
            });
        }
        finally
        {
            if (Directory.Exists(directory))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
    }

    private sealed class FakeType(string name) : IBackendType
    {
        public string Name => name;

        public string? InstanceLabel => null;

        public IBackendAdapter Create(BackendContext context) => context.Settings("Password") == "wrong"
            ? throw new BackendConfigurationException("Password must not be 'wrong'.")
            : new FakeAdapter(context.Id);
    }

    private sealed class FakeAdapter(string id) : IBackendAdapter
    {
        public string BackendId => id;

        public bool ResendIsSafe => false;

        public IReadOnlyList<FieldError> Validate(JobSpec spec) => [];

        public Task<SubmitOutcome> SubmitAsync(BackendJob job, CancellationToken cancellationToken) => Task.FromResult(SubmitOutcome.NotNow("fake"));

        public Task<BackendHealth> CheckHealthAsync(CancellationToken cancellationToken) => Task.FromResult(new BackendHealth(true));
    }
}
