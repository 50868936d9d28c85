using Ascob.Server.Persistence.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Ascob.Server.Persistence.Schema;

/// <summary>The schema on SQL Server.</summary>
internal sealed class SqlServerAscobDbContext(DbContextOptions<SqlServerAscobDbContext> options) : AscobDbContext(options)
{
    protected override string? BinaryCollation => "Latin1_General_100_BIN2";

    protected override void ConfigureDialect(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<RunTable>().Ignore(r => r.Labels);
        modelBuilder.Entity<RunLabelTable>().HasIndex(l => l.RunId);
        modelBuilder.HasSequence<long>("run_ids");
        modelBuilder.HasSequence<long>("lock_tickets");
    }

    /// <summary>Lets the migration tool make the context without a server.</summary>
    internal sealed class Factory : IDesignTimeDbContextFactory<SqlServerAscobDbContext>
    {
        public SqlServerAscobDbContext CreateDbContext(string[] args) => Create("Server=localhost;Database=design");

        public static SqlServerAscobDbContext Create(string connectionString) =>
            new(new DbContextOptionsBuilder<SqlServerAscobDbContext>().UseSqlServer(connectionString).Options);
    }
}
