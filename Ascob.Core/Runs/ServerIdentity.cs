using System.Reflection;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;

namespace Ascob.Core.Runs;

/// <summary>The identity of this life of this server: leases of an earlier life are not its own.</summary>
public sealed class ServerIdentity(IOptions<EngineOptions> options)
{
    /// <summary>Gets the server's name.</summary>
    public string Name { get; } = options.Value.ServerName;

    /// <summary>Gets the version of the program.</summary>
    public string Version { get; } = typeof(ServerIdentity).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? string.Empty;

    /// <summary>Gets the owner of leases: the server's name and a random part.</summary>
    public string LeaseOwner { get; } = $"{options.Value.ServerName}:{RandomNumberGenerator.GetHexString(8, lowercase: true)}";

    /// <summary>Gets the name for <see cref="RunEvent.Actor"/>.</summary>
    public string Actor { get; } = $"server:{options.Value.ServerName}";

    /// <summary>Answers whether another server, or another life of this one, has the run in hand.</summary>
    public bool IsLeasedElsewhere(Run run, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(run);
        return run.LeaseOwner is not null && run.LeaseOwner != LeaseOwner && run.LeaseUntil > now;
    }
}
