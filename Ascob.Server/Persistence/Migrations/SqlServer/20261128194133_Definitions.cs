using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ascob.Server.Persistence.Migrations.SqlServer
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
                type: "nvarchar(max)",
                nullable: true,
                collation: "Latin1_General_100_BIN2");

            migrationBuilder.AddColumn<long>(
                name: "definition_id",
                table: "runs",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "definition_name",
                table: "runs",
                type: "nvarchar(180)",
                maxLength: 180,
                nullable: true,
                collation: "Latin1_General_100_BIN2");

            migrationBuilder.AddColumn<int>(
                name: "definition_version",
                table: "runs",
                type: "int",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "definition_stars",
                columns: table => new
                {
                    identifier = table.Column<string>(type: "nvarchar(256)", maxLength: 256, nullable: false, collation: "Latin1_General_100_BIN2"),
                    definition_id = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_definition_stars", x => new { x.identifier, x.definition_id });
                });

            migrationBuilder.CreateTable(
                name: "definition_versions",
                columns: table => new
                {
                    definition_id = table.Column<long>(type: "bigint", nullable: false),
                    version = table.Column<int>(type: "int", nullable: false),
                    content = table.Column<string>(type: "nvarchar(max)", nullable: false, collation: "Latin1_General_100_BIN2"),
                    protected_secrets = table.Column<string>(type: "nvarchar(max)", nullable: true, collation: "Latin1_General_100_BIN2"),
                    saved_at = table.Column<long>(type: "bigint", nullable: false),
                    saved_by = table.Column<string>(type: "nvarchar(300)", maxLength: 300, nullable: true, collation: "Latin1_General_100_BIN2")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_definition_versions", x => new { x.definition_id, x.version });
                });

            migrationBuilder.CreateTable(
                name: "definitions",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false),
                    name = table.Column<string>(type: "nvarchar(200)", maxLength: 200, nullable: false, collation: "Latin1_General_100_BIN2"),
                    version = table.Column<int>(type: "int", nullable: false),
                    suspended = table.Column<bool>(type: "bit", nullable: false),
                    source = table.Column<string>(type: "nvarchar(50)", maxLength: 50, nullable: true, collation: "Latin1_General_100_BIN2"),
                    search_text = table.Column<string>(type: "nvarchar(max)", nullable: false, collation: "Latin1_General_100_BIN2"),
                    tags = table.Column<string>(type: "nvarchar(max)", nullable: false, collation: "Latin1_General_100_BIN2"),
                    owners = table.Column<string>(type: "nvarchar(max)", nullable: false, collation: "Latin1_General_100_BIN2"),
                    submitter = table.Column<string>(type: "nvarchar(256)", maxLength: 256, nullable: true, collation: "Latin1_General_100_BIN2"),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    created_by = table.Column<string>(type: "nvarchar(300)", maxLength: 300, nullable: true, collation: "Latin1_General_100_BIN2"),
                    acknowledged_run = table.Column<long>(type: "bigint", nullable: true),
                    acknowledged_by = table.Column<string>(type: "nvarchar(300)", maxLength: 300, nullable: true, collation: "Latin1_General_100_BIN2"),
                    acknowledged_at = table.Column<long>(type: "bigint", nullable: true),
                    acknowledged_reason = table.Column<string>(type: "nvarchar(max)", nullable: true, collation: "Latin1_General_100_BIN2")
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
