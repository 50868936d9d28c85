using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;

namespace Ascob.Tests.Server.Background;

/// <summary>What Hangfire's storages need must come with the server itself: in these tests it would be there by other ways.</summary>
public sealed class ShippedStoragesTests
{
    [Theory]
    [InlineData("Hangfire.PostgreSql")]
    [InlineData("Hangfire.SqlServer")]
    [InlineData("Hangfire.InMemory")]
    public void Server_WhenItUsesAStorageOfHangfire_HasEveryAssemblyThatThisAsksFor(string storage)
    {
        var shipped = Shipped();
        string[] frameworks = [Path.GetDirectoryName(typeof(object).Assembly.Location)!, Path.GetDirectoryName(typeof(WebApplication).Assembly.Location)!];

        var missing = References(Path.Combine(AppContext.BaseDirectory, storage + ".dll"))
            .Where(r => !shipped.Contains(r) && !frameworks.Any(f => File.Exists(Path.Combine(f, r + ".dll"))));

        Assert.Contains(storage, shipped);
        Assert.Empty(missing);
    }

    // The list by which the server's own process finds its assemblies.
    private static HashSet<string> Shipped()
    {
        var list = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Ascob.Server.deps.json")))!;
        return [.. list["targets"]!.AsObject().SelectMany(t => t.Value!.AsObject())
            .SelectMany(l => l.Value!["runtime"]?.AsObject() ?? [])
            .Select(r => Path.GetFileNameWithoutExtension(r.Key))];
    }

    private static List<string> References(string assembly)
    {
        using var file = new PEReader(File.OpenRead(assembly));
        var metadata = file.GetMetadataReader();
        return [.. metadata.AssemblyReferences.Select(r => metadata.GetString(metadata.GetAssemblyReference(r).Name))];
    }
}
