using System.ComponentModel.DataAnnotations;
using Ascob.Core.Backends;
using Microsoft.Extensions.Options;

namespace Ascob.Server.Configuration;

/// <summary>Makes the configured backends from <c>Ascob:Backends:&lt;id&gt;</c>.</summary>
internal sealed partial class BackendCatalogFactory(
    IConfiguration configuration,
    IEnumerable<IBackendType> types,
    IOptions<AscobOptions> options,
    TimeProvider time,
    IServiceProvider services,
    ILogger<BackendCatalogFactory> log)
{
    public const string Section = "Ascob:Backends";

    /// <summary>Makes all of them.</summary>
    /// <exception cref="ConfigurationException">One is configured wrongly; the message names the key.</exception>
    public BackendCatalog Create() =>
        new([.. configuration.GetSection(Section).GetChildren().Select(s => Create(s.Key, s, s.Get<BackendOptions>() ?? new BackendOptions()))]);

    /// <summary>Makes the one backend of a worker, named as the worker.</summary>
    /// <exception cref="ConfigurationException">It is configured wrongly; the message names the key.</exception>
    public BackendCatalog CreateForWorker()
    {
        var section = configuration.GetSection(WorkerSettings.Section);
        var settings = section.Get<BackendOptions>() ?? new BackendOptions();
        settings.Type = "Shell";
        return new BackendCatalog([Create(configuration[WorkerSettings.Name]!, section, settings)]);
    }

    private BackendEntry Create(string id, IConfigurationSection section, BackendOptions settings)
    {
        if (string.IsNullOrWhiteSpace(settings.Type))
        {
            throw new ConfigurationException($"{section.Path}:Type must be set; known types are: {TypeNames()}.");
        }

        var type = types.FirstOrDefault(t => t.Name.Equals(settings.Type, StringComparison.OrdinalIgnoreCase))
            ?? throw new ConfigurationException(Near.Find(settings.Type, types.Select(t => t.Name)) is { } near
                ? $"{section.Path}:Type must be one of {TypeNames()}; did you mean {near}?"
                : $"{section.Path}:Type must be one of {TypeNames()}.");
        CheckLimits(section, settings);
        return new BackendEntry(id, type, settings, CreateAdapter(id, section, type, settings), new BackendCondition(settings.Resilience, time));
    }

    private IBackendAdapter CreateAdapter(string id, IConfigurationSection section, IBackendType type, BackendOptions settings)
    {
        var asked = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        string? Read(string path)
        {
            lock (asked)
            {
                asked.Add(path);
            }

            return section[path];
        }

        try
        {
            var adapter = type.Create(new BackendContext(id, settings, Read, options.Value.AbsoluteDataDirectory, services) { SettingsPath = section.Path });
            foreach (var child in section.GetChildren().Where(c => !IsCommon(c.Key) && c.Path != WorkerSettings.Name && !asked.Any(a => IsAtOrBelow(a, c.Key))))
            {
                LogUnusedSetting(child.Path, type.Name);
            }

            return adapter;
        }
        catch (BackendConfigurationException e)
        {
            throw new ConfigurationException(
                e.Message.Contains(section.Path, StringComparison.OrdinalIgnoreCase) ? e.Message : $"{section.Path}: {e.Message}", e);
        }
    }

    private static void CheckLimits(IConfigurationSection section, BackendOptions settings)
    {
        foreach (var (instance, path) in new (object, string)[] { (settings, section.Path), (settings.Poll, section.Path + ":Poll"), (settings.Resilience, section.Path + ":Resilience") })
        {
            var results = new List<ValidationResult>();
            if (!Validator.TryValidateObject(instance, new ValidationContext(instance), results, validateAllProperties: true))
            {
                throw new ConfigurationException($"{path}:{results[0].MemberNames.FirstOrDefault()}: {results[0].ErrorMessage}");
            }
        }
    }

    private static bool IsCommon(string key) => typeof(BackendOptions).GetProperties().Any(p => p.Name.Equals(key, StringComparison.OrdinalIgnoreCase));

    private static bool IsAtOrBelow(string path, string key) =>
        path.StartsWith(key, StringComparison.OrdinalIgnoreCase) && (path.Length == key.Length || path[key.Length] == ':');

    private string TypeNames() => string.Join(", ", types.Select(t => t.Name).Order(StringComparer.Ordinal));

    [LoggerMessage(Level = LogLevel.Warning, Message = "The setting {Path} means nothing to backends of type {Type}")]
    private partial void LogUnusedSetting(string path, string type);
}
