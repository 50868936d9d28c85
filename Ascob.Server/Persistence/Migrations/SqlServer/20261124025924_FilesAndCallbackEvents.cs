using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ascob.Server.Persistence.Migrations.SqlServer
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
                type: "int",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<bool>(
                name: "has_files",
                table: "runs",
                type: "bit",
                nullable: false,
                defaultValue: false);

            // The values of labels as SqlServerDialect.EncodeLabelValue makes them.
            migrationBuilder.Sql(
                "UPDATE run_labels SET label_value = CASE WHEN LEN(label_value + N'|') <= 280 THEN label_value + N'|' "
                + "ELSE N'#' + LOWER(CONVERT(nvarchar(64), HASHBYTES('SHA2_256', label_value), 2)) END;");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("UPDATE run_labels SET label_value = LEFT(label_value, LEN(label_value) - 1) WHERE label_value LIKE N'%|';");

            migrationBuilder.DropColumn(
                name: "callback_events",
                table: "runs");

            migrationBuilder.DropColumn(
                name: "has_files",
                table: "runs");
        }
    }
}
