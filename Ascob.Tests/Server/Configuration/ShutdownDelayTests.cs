using Ascob.Server.Configuration;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting.Internal;

namespace Ascob.Tests.Server.Configuration;

public sealed class ShutdownDelayTests
{
    [Theory]
    [InlineData("Production", "PostgreSql", null, 5)]
    [InlineData("Production", "SqlServer", null, 5)]
    [InlineData("Production", "Sqlite", null, 0)]
    [InlineData("Production", null, null, 0)]
    [InlineData("Development", "PostgreSql", null, 0)]
    [InlineData("Production", "PostgreSql", "00:00:00", 0)]
    [InlineData("Development", "Sqlite", "00:00:07", 7)]
    public void Delay_UnlessItIsSet_IsForServersThatALoadBalancerMayLeadTo(string environment, string? provider, string? set, int seconds)
    {
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["Ascob:Database:Provider"] = provider, ["Ascob:ShutdownDelay"] = set })
            .Build();

        Assert.Equal(TimeSpan.FromSeconds(seconds), AscobOptions.ShutdownDelayOf(configuration, new HostingEnvironment { EnvironmentName = environment }));
    }
}
