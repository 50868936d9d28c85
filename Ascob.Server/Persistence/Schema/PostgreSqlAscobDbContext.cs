using Ascob.Server.Persistence.Runs;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace Ascob.Server.Persistence.Schema;

/// <summary>The schema on PostgreSQL: labels are a document with an inverted index instead of a table.</summary>
internal sealed class PostgreSqlAscobDbContext(DbContextOptions<PostgreSqlAscobDbContext> options) : AscobDbContext(options)
{
    protected override string? BinaryCollation => "C";

    protected override void ConfigureDialect(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<RunTable>().Property(r => r.Labels).HasColumnType("jsonb");
        modelBuilder.Entity<RunTable>().HasIndex(r => r.Labels).HasDatabaseName("ix_runs_labels").HasMethod("gin").HasOperators("jsonb_path_ops");
        modelBuilder.HasSequence<long>("run_ids");
        modelBuilder.HasSequence<long>("lock_tickets");
    }

    /// <summary>Lets the migration tool make the context without a server.</summary>
    internal sealed class Factory : IDesignTimeDbContextFactory<PostgreSqlAscobDbContext>
    {
        public PostgreSqlAscobDbContext CreateDbContext(string[] args) => Create("Host=localhost;Database=design");

        public static PostgreSqlAscobDbContext Create(string connectionString) =>
            new(new DbContextOptionsBuilder<PostgreSqlAscobDbContext>().UseNpgsql(connectionString).Options);
    }
}
