using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ascob.Server.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Executions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "max_memory_kb",
                table: "runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_runs_definition_memory",
                table: "runs",
                columns: new[] { "definition_id", "max_memory_kb" },
                filter: "max_memory_kb IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_runs_ended",
                table: "runs",
                columns: new[] { "ended_at", "id" },
                filter: "ended_at IS NOT NULL");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_runs_definition_memory",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "ix_runs_ended",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "max_memory_kb",
                table: "runs");
        }
    }
}
