using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ascob.Server.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Definitions : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "cause",
                table: "runs",
                type: "TEXT",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "definition_id",
                table: "runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "definition_name",
                table: "runs",
                type: "TEXT",
                maxLength: 180,
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "definition_version",
                table: "runs",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "definition_stars",
                columns: table => new
                {
                    identifier = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    definition_id = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_definition_stars", x => new { x.identifier, x.definition_id });
                });

            migrationBuilder.CreateTable(
                name: "definition_versions",
                columns: table => new
                {
                    definition_id = table.Column<long>(type: "INTEGER", nullable: false),
                    version = table.Column<int>(type: "INTEGER", nullable: false),
                    content = table.Column<string>(type: "TEXT", nullable: false),
                    protected_secrets = table.Column<string>(type: "TEXT", nullable: true),
                    saved_at = table.Column<long>(type: "INTEGER", nullable: false),
                    saved_by = table.Column<string>(type: "TEXT", maxLength: 300, nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_definition_versions", x => new { x.definition_id, x.version });
                });

            migrationBuilder.CreateTable(
                name: "definitions",
                columns: table => new
                {
                    id = table.Column<long>(type: "INTEGER", nullable: false),
                    name = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    version = table.Column<int>(type: "INTEGER", nullable: false),
                    suspended = table.Column<bool>(type: "INTEGER", nullable: false),
                    source = table.Column<string>(type: "TEXT", maxLength: 50, nullable: true),
                    search_text = table.Column<string>(type: "TEXT", nullable: false),
                    tags = table.Column<string>(type: "TEXT", nullable: false),
                    owners = table.Column<string>(type: "TEXT", nullable: false),
                    submitter = table.Column<string>(type: "TEXT", maxLength: 256, nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    created_by = table.Column<string>(type: "TEXT", maxLength: 300, nullable: true),
                    acknowledged_run = table.Column<long>(type: "INTEGER", nullable: true),
                    acknowledged_by = table.Column<string>(type: "TEXT", maxLength: 300, nullable: true),
                    acknowledged_at = table.Column<long>(type: "INTEGER", nullable: true),
                    acknowledged_reason = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_definitions", x => x.id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_runs_definition",
                table: "runs",
                columns: new[] { "definition_id", "id" },
                filter: "definition_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_runs_definition_status",
                table: "runs",
                columns: new[] { "definition_id", "status", "ended_at" },
                filter: "definition_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_definition_stars_definition",
                table: "definition_stars",
                column: "definition_id");

            migrationBuilder.CreateIndex(
                name: "ix_definitions_name",
                table: "definitions",
                column: "name",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "definition_stars");

            migrationBuilder.DropTable(
                name: "definition_versions");

            migrationBuilder.DropTable(
                name: "definitions");

            migrationBuilder.DropIndex(
                name: "ix_runs_definition",
                table: "runs");

            migrationBuilder.DropIndex(
                name: "ix_runs_definition_status",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "cause",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "definition_id",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "definition_name",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "definition_version",
                table: "runs");
        }
    }
}
