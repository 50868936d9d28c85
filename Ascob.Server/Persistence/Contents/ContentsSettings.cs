namespace Ascob.Server.Persistence.Contents;

/// <summary>The options of contents with nothing left open.</summary>
/// <param name="InDatabase">They are kept in the database.</param>
/// <param name="IsShared">There may be other servers on the database.</param>
/// <param name="Directory">Where they are kept on disk.</param>
/// <param name="WorkDirectory">Where this process alone keeps what it can make again.</param>
/// <param name="CacheBytes">See <see cref="ContentsOptions.CacheBytes"/>.</param>
internal sealed record ContentsSettings(bool InDatabase, bool IsShared, string Directory, string WorkDirectory, long CacheBytes)
{
    public static ContentsSettings From(IConfiguration configuration)
    {
        var options = configuration.GetSection(ContentsOptions.Section).Get<ContentsOptions>() ?? new ContentsOptions();
        var provider = configuration.GetValue<DatabaseProvider?>($"{DatabaseOptions.Section}:{nameof(DatabaseOptions.Provider)}") ?? DatabaseProvider.Sqlite;
        var dataDirectory = Path.GetFullPath(configuration["Ascob:DataDirectory"] ?? "./data");
        var isShared = provider != DatabaseProvider.Sqlite;
        return new ContentsSettings(
            options.Store switch
            {
                ContentsStore.Auto => isShared,
                ContentsStore.Disk => false,
                ContentsStore.Database => true,
            },
            isShared,
            options.Directory is null ? dataDirectory : Path.GetFullPath(options.Directory),
            Path.Combine(dataDirectory, "contents"),
            options.CacheBytes);
    }
}
