using Ascob.Server.Persistence.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Ascob.Server.Persistence.Schema;

/// <summary>The schema on SQLite.</summary>
internal sealed class SqliteAscobDbContext(DbContextOptions<SqliteAscobDbContext> options) : AscobDbContext(options)
{
    protected override string? BinaryCollation => null;

    protected override void ConfigureDialect(ModelBuilder modelBuilder) => modelBuilder.Entity<RunTable>().Ignore(r => r.Labels);

    /// <summary>Lets the migration tool make the context without a server.</summary>
    internal sealed class Factory : IDesignTimeDbContextFactory<SqliteAscobDbContext>
    {
        public SqliteAscobDbContext CreateDbContext(string[] args) => Create("Data Source=design.db");

        public static SqliteAscobDbContext Create(string connectionString) =>
            new(new DbContextOptionsBuilder<SqliteAscobDbContext>().UseSqlite(connectionString).Options);
    }
}
