using System.Text;
using Ascob.Server.Persistence.Backends;
using Ascob.Server.Persistence.Cluster;
using Ascob.Server.Persistence.Contents;
using Ascob.Server.Persistence.Definitions;
using Ascob.Server.Persistence.Files;
using Ascob.Server.Persistence.Locks;
using Ascob.Server.Persistence.Notifications;
using Ascob.Server.Persistence.Output;
using Ascob.Server.Persistence.Runs;
using Ascob.Server.Persistence.Schedules;
using Ascob.Server.Persistence.Sql;
using Ascob.Server.Persistence.Tokens;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Ascob.Server.Persistence;

/// <summary>
/// The schema of the database and its migrations. Rows are written and read by hand-written statements (<c>docs/decisions/0002-group-commit-writer.md</c>), so this model is what
/// they are checked against, not the way to the data.
/// </summary>
internal abstract class AscobDbContext(DbContextOptions options) : DbContext(options)
{
    /// <summary>Gets the collation that compares text byte by byte; null where that is the default.</summary>
    protected abstract string? BinaryCollation { get; }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        ArgumentNullException.ThrowIfNull(configurationBuilder);
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<TimeConverter>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        ArgumentNullException.ThrowIfNull(modelBuilder);
        RunTable.Configure(modelBuilder);
        RunLabelTable.Configure(modelBuilder, this);
        RunEventTable.Configure(modelBuilder);
        IdempotencyKeyTable.Configure(modelBuilder);
        SequenceTable.Configure(modelBuilder);
        LockRequestTable.Configure(modelBuilder);
        LockFenceTable.Configure(modelBuilder);
        LockKeepTable.Configure(modelBuilder);
        BackendSlotTable.Configure(modelBuilder);
        BackendStateTable.Configure(modelBuilder);
        TokenTable.Configure(modelBuilder);
        RunFileTable.Configure(modelBuilder);
        ContentChunkTable.Configure(modelBuilder);
        StagedContentTable.Configure(modelBuilder);
        OutputTable.Configure(modelBuilder);
        OutputPieceTable.Configure(modelBuilder);
        MetadataTable.Configure(modelBuilder);
        MemberTable.Configure(modelBuilder);
        DefinitionTable.Configure(modelBuilder);
        DefinitionVersionTable.Configure(modelBuilder);
        DefinitionStarTable.Configure(modelBuilder);
        NoticeTable.Configure(modelBuilder);
        SubscriptionTable.Configure(modelBuilder);
        DeliveryTable.Configure(modelBuilder);
        ScheduleTable.Configure(modelBuilder);
        ScheduleSuspensionTable.Configure(modelBuilder);
        ScheduleTickTable.Configure(modelBuilder);
        ConfigureDialect(modelBuilder);
        foreach (var entity in modelBuilder.Model.GetEntityTypes())
        {
            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(property.Name == "Sha256" ? "sha256" : SnakeCase(property.Name));
                if (BinaryCollation is { } collation && property.ClrType == typeof(string) && property.GetColumnType() != "jsonb")
                {
                    property.SetCollation(collation);
                }
            }
        }
    }

    /// <summary>Adds what only this database has.</summary>
    protected abstract void ConfigureDialect(ModelBuilder modelBuilder);

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        foreach (var character in name)
        {
            if (char.IsUpper(character) && text.Length > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(character));
        }

        return text.ToString();
    }

    private sealed class TimeConverter() : ValueConverter<DateTimeOffset, long>(
        time => UtcMicroseconds.From(time),
        microseconds => UtcMicroseconds.To(microseconds));
}
