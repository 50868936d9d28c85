using Ascob.Core.Runs;
using Ascob.Demo;

namespace Ascob.Server.Cli.Demo;

/// <summary>A pretend product with what is needed to show it: the settings of its backend (the address is added) and jobs for it.</summary>
/// <param name="Id">The backend's id.</param>
/// <param name="Type">The backend's type.</param>
/// <param name="Server">The pretend product, not started yet; null for a backend that needs none.</param>
internal sealed record DemoBackend(string Id, string Type, PretendServer? Server)
{
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    public required IReadOnlyList<DemoJob> Jobs { get; init; }

    /// <summary>Answers the configuration that makes it a backend of a server; the pretend product must have been started.</summary>
    public IEnumerable<string> Arguments()
    {
        var prefix = $"--Ascob:Backends:{Id}";
        yield return $"{prefix}:Type={Type}";
        yield return $"{prefix}:Poll:Initial=00:00:00.2";
        yield return $"{prefix}:Poll:Max=00:00:01";
        foreach (var (key, value) in Settings)
        {
            yield return $"{prefix}:{key}={value}";
        }

        if (Server is { } server)
        {
            yield return $"{prefix}:Url={server.Url}";
        }
    }
}

/// <summary>A job of the demo.</summary>
/// <param name="Title">What it is, in a few words.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="End">How it ends.</param>
internal sealed record DemoJob(string Title, IReadOnlyDictionary<string, string> Labels, RunStatus End = RunStatus.Succeeded)
{
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
}
