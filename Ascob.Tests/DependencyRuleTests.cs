using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Ascob.Core.Jobs;

namespace Ascob.Tests;

/// <summary>The walls of the house. A rule about a folder that does not exist (yet) holds.</summary>
public sealed partial class DependencyRuleTests
{
    private static readonly string[] WaysIn = ["Microsoft.AspNetCore", "Microsoft.EntityFrameworkCore", "Hangfire", "Npgsql", "Microsoft.Data"];

    public static TheoryData<string, string[]> Strangers => new()
    {
        { "Ascob.Core", ["Ascob.Backends", "Ascob.Server", "Ascob.Demo", .. WaysIn] },
        { "Ascob.Backends", ["Ascob.Server", "Ascob.Demo", .. WaysIn] },
        { "Ascob.Demo", ["Ascob.Core", "Ascob.Backends", "Ascob.Server"] },
        { "Ascob.Server/Api", ["Ascob.Server.Persistence"] },
        { "Ascob.Server/Persistence", ["Ascob.Server.Api"] },
        { "Ascob.Core/Runs", ["Ascob.Core.Schedules", "Ascob.Core.Definitions", "Ascob.Core.Workflows"] },
    };

    public static TheoryData<string, string[]> OnlyFriends => new()
    {
        {
            // Over HTTP by the client; the words of a run; what only the machine itself can tell (serve, doctor, the shell host); and the pretend products of the demo.
            "Ascob.Server/Cli",
            [
                "Ascob.Core.Client", "Ascob.Core.Jobs", "Ascob.Core.Runs", "Ascob.Core.Output", "Ascob.Core.Errors", "Ascob.Core.Access", "Ascob.Core.Backends", "Ascob.Core.Schedules",
                "Ascob.Server.Cli", "Ascob.Server.Configuration", "Ascob.Server.Persistence", "Ascob.Backends.Shell.Host", "Ascob.Demo",
            ]
        },
    };

    [Theory]
    [MemberData(nameof(Strangers))]
    public void AFolder_DoesNotKnowItsStrangers(string folder, string[] strangers)
    {
        var offences = Usings(folder).Where(u => strangers.Any(s => IsWithin(u.Namespace, s)));

        Assert.Empty(offences);
    }

    [Theory]
    [MemberData(nameof(OnlyFriends))]
    public void AFolder_KnowsOfAscobOnlyItsFriends(string folder, string[] friends)
    {
        var offences = Usings(folder).Where(u => IsWithin(u.Namespace, "Ascob") && !friends.Any(f => IsWithin(u.Namespace, f)));

        Assert.Empty(offences);
    }

    [Theory]
    [InlineData("Ascob.Core", "Ascob.Backends|Ascob.Server|Ascob.Demo")]
    [InlineData("Ascob.Backends", "Ascob.Server|Ascob.Demo")]
    public void AProject_ReferencesNoWayInAndNoProjectAboveIt(string project, string above)
    {
        var referenced = Assembly.Load(project).GetReferencedAssemblies().Select(a => a.Name!);

        Assert.DoesNotContain(referenced, name => above.Split('|').Concat(WaysIn).Any(s => IsWithin(name, s)));
    }

    [Fact]
    public void Backends_ShowTheirRegistrationsOnly()
    {
        // The server's executable becomes the shell host, so it must know how.
        string[] shellHost = ["ShellHostLauncher", "ShellHostProgram"];

        var shown = Assembly.Load("Ascob.Backends").GetExportedTypes()
            .Where(t => !shellHost.Contains(t.Name) && !t.Name.EndsWith("Registration", StringComparison.Ordinal) && !t.Name.EndsWith("BackendType", StringComparison.Ordinal));

        Assert.Empty(shown);
    }

    [Fact]
    public void TheWallsAreLookedAt()
    {
        Assert.Contains(Usings("Ascob.Core"), u => u.Namespace == "Ascob.Core.Jobs");
        Assert.Equal("Ascob.Core", typeof(JobSpec).Assembly.GetName().Name);
    }

    private static bool IsWithin(string name, string root) =>
        name == root || name.StartsWith(root + ".", StringComparison.Ordinal);

    private static IReadOnlyList<(string File, string Namespace)> Usings(string folder)
    {
        var path = Path.Combine(RepositoryRoot(), folder);
        return !Directory.Exists(path)
            ? []
            :
            [
                .. Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories)
                    .Select(file => Path.GetRelativePath(path, file))
                    .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
                    .SelectMany(file => UsingLine().Matches(File.ReadAllText(Path.Combine(path, file))).Select(m => (file, m.Groups[1].Value))),
            ];
    }

    private static string RepositoryRoot([CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, ".."));

    [GeneratedRegex(@"^\s*(?:global\s+)?using\s+(?:static\s+)?(?:[A-Za-z_]\w*\s*=\s*)?([A-Za-z_][\w.]*)\s*;", RegexOptions.Multiline)]
    private static partial Regex UsingLine();
}
