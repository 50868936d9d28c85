using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ascob.Server.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    internal sealed partial class FilesAndCallbackEvents : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<int>(
                name: "callback_events",
                table: "runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<bool>(
                name: "has_files",
                table: "runs",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "callback_events",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "has_files",
                table: "runs");
        }
    }
}
