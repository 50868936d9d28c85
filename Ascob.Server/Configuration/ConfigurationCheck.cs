using Ascob.Server.Cluster;
using Ascob.Server.Repository;

namespace Ascob.Server.Configuration;

/// <summary>Looks the whole configuration over before anything is started.</summary>
internal static class ConfigurationCheck
{
    private static readonly string[] KnownTokens = ["rootToken", "root", "admin", "changeme", "password", "secret", "token", "test"];

    /// <summary>Refuses unknown keys, bad values and settings that do not go together.</summary>
    /// <exception cref="ConfigurationException">The first thing that is wrong.</exception>
    public static void Run(IConfiguration configuration, IHostEnvironment environment)
    {
        Walk(configuration.GetSection(AscobOptions.Section), KnownSettings.Root);
        CheckDatabase(configuration);
        CheckLocks(configuration);
        GitTrust.Check(configuration);
        CheckDemo(configuration, environment);
        CheckEngine(configuration);
        CheckPolls(configuration);
        CheckMail(configuration);
        CheckTokens(configuration, environment);
        CheckDataDirectory(configuration);
    }

    /// <summary>The same for a worker, which has one backend and a database that it shares with servers.</summary>
    /// <exception cref="ConfigurationException">The first thing that is wrong.</exception>
    public static void RunForWorker(IConfiguration configuration, IHostEnvironment environment)
    {
        Run(configuration, environment);
        if (string.IsNullOrWhiteSpace(configuration[WorkerSettings.Name]))
        {
            throw new ConfigurationException($"A worker needs a name: --name, or {WorkerSettings.Name}.");
        }

        if (!ClusterRegistration.IsShared(configuration))
        {
            throw new ConfigurationException("A worker shares the database of its servers: Ascob:Database:Provider must be PostgreSql or SqlServer, with their Ascob:Database:ConnectionString.");
        }
    }

    private static void Walk(IConfigurationSection section, SettingNode node)
    {
        foreach (var child in section.GetChildren())
        {
            if (Find(child, node) is { } known)
            {
                CheckValue(child, known);
                Walk(child, known);
            }
        }
    }

    private static SettingNode? Find(IConfigurationSection child, SettingNode parent)
    {
        if (parent.Parts.TryGetValue(child.Key, out var part))
        {
            return part;
        }

        if (parent.Each is { } each)
        {
            return parent.NameRule?.Invoke(child.Key) is { } refusal
                ? throw new ConfigurationException($"{child.Path}: the name {refusal}.")
                : each;
        }

        // Settings of a backend's own type are the adapter's to check; a near miss of a common one is refused here.
        var near = Near.Find(child.Key, parent.Parts.Keys, parent.Open ? 2 : null);
        if (parent.Open && (near is null || Math.Abs(near.Length - child.Key.Length) > 2))
        {
            return null;
        }

        var place = child.Path[..^(child.Key.Length + 1)];
        throw new ConfigurationException(near is null
            ? $"{child.Path} is not a setting; known below {place} are: {string.Join(", ", parent.Parts.Keys)}."
            : $"{child.Path} is not a setting; did you mean {place}:{near}?");
    }

    private static void CheckValue(IConfigurationSection section, SettingNode node)
    {
        if (section.Value is not { } value)
        {
            return;
        }

        if (node.ValueRule is not { } rule)
        {
            // An empty list or object of a JSON file arrives as an empty value.
            if (value.Length > 0)
            {
                throw new ConfigurationException($"{section.Path} is a section and takes no value of its own.");
            }
        }
        else if (rule(value) is { } refusal)
        {
            throw new ConfigurationException($"{section.Path} {refusal}.");
        }
    }

    private static void CheckDatabase(IConfiguration configuration)
    {
        var provider = configuration["Ascob:Database:Provider"] ?? "Sqlite";
        var needsServer = !provider.Equals("Sqlite", StringComparison.OrdinalIgnoreCase);
        if (needsServer && string.IsNullOrWhiteSpace(configuration["Ascob:Database:ConnectionString"]))
        {
            throw new ConfigurationException($"Ascob:Database:ConnectionString must be set, because Ascob:Database:Provider is {provider}.");
        }
    }

    private static void CheckLocks(IConfiguration configuration)
    {
        var consul = "Consul".Equals(configuration["Ascob:Locks:Provider"], StringComparison.OrdinalIgnoreCase);
        if (consul && string.IsNullOrWhiteSpace(configuration["Ascob:Locks:Consul:Url"]))
        {
            throw new ConfigurationException("Ascob:Locks:Consul:Url must be set, because Ascob:Locks:Provider is Consul.");
        }

        // Locks that other systems are believed to respect must not quietly be locks that only Ascob knows of.
        if (!consul && configuration.GetSection("Ascob:Locks:Consul").GetChildren().FirstOrDefault(c => c.Value is not null) is { } stray)
        {
            throw new ConfigurationException($"{stray.Path} means nothing, because Ascob:Locks:Provider is not Consul.");
        }

        foreach (var file in (string[])["CaFile", "CertificateFile", "KeyFile"])
        {
            var path = $"Ascob:Locks:Consul:Tls:{file}";
            if (configuration[path] is { } name && !File.Exists(name))
            {
                throw new ConfigurationException($"{path} must name a file that is there.");
            }
        }
    }

    private static void CheckDemo(IConfiguration configuration, IHostEnvironment environment)
    {
        if (!environment.IsEnvironment("Demo") && bool.TryParse(configuration["Ascob:Demo:PretendBackends"], out var wanted) && wanted)
        {
            throw new ConfigurationException("Ascob:Demo:PretendBackends is for the environment Demo only.");
        }
    }

    private static void CheckEngine(IConfiguration configuration)
    {
        var engine = configuration.GetSection("Ascob:Engine").Get<Ascob.Core.Runs.EngineOptions>() ?? new();
        if (engine.Heartbeat * 2 > engine.Lease)
        {
            throw new ConfigurationException("Ascob:Engine:Heartbeat must be at most half of Ascob:Engine:Lease, or one lost beat would make a server look dead.");
        }
    }

    private static void CheckPolls(IConfiguration configuration)
    {
        foreach (var backend in configuration.GetSection("Ascob:Backends").GetChildren().Append(configuration.GetSection(WorkerSettings.Section)))
        {
            var poll = backend.GetSection("Poll").Get<Ascob.Core.Backends.PollOptions>() ?? new();
            if (poll.Initial > poll.Max)
            {
                throw new ConfigurationException($"{backend.Path}:Poll:Initial must not be longer than {backend.Path}:Poll:Max.");
            }
        }
    }

    private static void CheckMail(IConfiguration configuration)
    {
        const string Mail = "Ascob:Notifications:Mail";
        var host = configuration[$"{Mail}:Host"];
        if (host is null && configuration.GetSection(Mail).GetChildren().FirstOrDefault(c => c.Value is not null) is { } stray)
        {
            throw new ConfigurationException($"{stray.Path} means nothing without {Mail}:Host.");
        }

        if (host is not null && !System.Net.Mail.MailAddress.TryCreate(configuration[$"{Mail}:From"], out _))
        {
            throw new ConfigurationException($"{Mail}:From must be a mail address, because {Mail}:Host is set.");
        }
    }

    private static void CheckTokens(IConfiguration configuration, IHostEnvironment environment)
    {
        var security = configuration.GetSection(SecurityOptions.Section);
        var tokens = security.GetSection("Tokens").GetChildren().SelectMany(g => g.GetChildren())
            .Append(security.GetSection("RootToken"))
            .Where(t => t.Value is not null)
            .ToList();
        var reachable = !ListenAddresses.AreLoopback(configuration) && !environment.IsDevelopment() && !environment.IsEnvironment("Demo");
        foreach (var token in tokens)
        {
            if (string.IsNullOrWhiteSpace(token.Value) || token.Value.Any(c => c is < '!' or > '~'))
            {
                throw new ConfigurationException($"{token.Path} must be visible ASCII characters without blanks, or absent.");
            }

            if (reachable && (token.Value.Length < SecurityOptions.ShortestToken || KnownTokens.Contains(token.Value, StringComparer.OrdinalIgnoreCase)))
            {
                throw new ConfigurationException(
                    $"{token.Path} must have at least {SecurityOptions.ShortestToken} characters where the server can be reached from other hosts; make one with: openssl rand -hex 32");
            }
        }

        if (tokens.GroupBy(t => t.Value, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twins)
        {
            throw new ConfigurationException($"{twins.Last().Path} must differ from {twins.First().Path}.");
        }
    }

    private static void CheckDataDirectory(IConfiguration configuration)
    {
        var directory = configuration["Ascob:DataDirectory"] ?? new AscobOptions().DataDirectory;
        try
        {
            var full = Path.GetFullPath(directory);
            PrivateDirectory.Create(full);
            using var probe = new FileStream(
                Path.Combine(full, Path.GetRandomFileName()), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new ConfigurationException($"Ascob:DataDirectory must be a directory that can be written to: {e.Message.ReplaceLineEndings(" ")}", e);
        }
    }
}
