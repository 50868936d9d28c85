using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ascob.Server.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    internal sealed partial class LockKeeps : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "lock_keeps",
                columns: table => new
                {
                    lock_key = table.Column<string>(type: "TEXT", maxLength: 210, nullable: false),
                    session = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    server = table.Column<string>(type: "TEXT", maxLength: 200, nullable: false),
                    modify_index = table.Column<long>(type: "INTEGER", nullable: false),
                    create_index = table.Column<long>(type: "INTEGER", nullable: false),
                    quarantined_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_lock_keeps", x => x.lock_key);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "lock_keeps");
        }
    }
}
