using Ascob.Core.Output;
using Ascob.Server.Persistence.Contents;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Writing;

namespace Ascob.Server.Persistence.Output;

/// <summary>Registers where output is kept.</summary>
internal static class OutputRegistration
{
    /// <summary>Adds the archive of output where <c>Ascob:Contents</c> says, each document bounded by <c>Ascob:Limits:MaxOutputBytes</c>, and the output that still grows.</summary>
    public static IServiceCollection AddAscobOutput(this IServiceCollection services, IConfiguration configuration)
    {
        var settings = ContentsSettings.From(configuration);
        var limits = configuration.GetValue<long?>("Ascob:Limits:MaxOutputBytes") is { } limit ? CappedLogLimits.FromTotal(limit) : CappedLogLimits.Default;
        services.AddSingleton(limits);
        services.AddSingleton(p => new OutputSql(p.GetRequiredService<SqlDialect>()));
        services.AddSingleton(p => new OutputPieces(
            p.GetRequiredService<Database>(), p.GetRequiredService<IStoreWriter>(), p.GetRequiredService<OutputSql>(), limits, settings.IsShared));
        services.AddSingleton<IOutputStore>(p => settings switch
        {
            { InDatabase: true } => new DatabaseOutputStore(
                p.GetRequiredService<Database>(),
                p.GetRequiredService<IStoreWriter>(),
                p.GetRequiredService<OutputSql>(),
                p.GetRequiredService<IContents>(),
                limits,
                Path.Combine(settings.WorkDirectory, "output")),
            { IsShared: true } => new SharedDiskOutputStore(new FileOutputStore(settings.Directory, limits), p.GetRequiredService<OutputPieces>()),
            _ => new FileOutputStore(settings.Directory, limits),
        });

        // What grows is appended to by whichever server gets it, and only the database keeps order among them.
        return settings is { InDatabase: false, IsShared: false }
            ? services.AddSingleton<IReportedOutput>(new ReportedOutput(settings.Directory, limits)).AddSingleton<IPublishedOutput, NoPublishedOutput>()
            : services.AddSingleton<IReportedOutput>(p => p.GetRequiredService<OutputPieces>()).AddSingleton<IPublishedOutput>(p => p.GetRequiredService<OutputPieces>());
    }
}
