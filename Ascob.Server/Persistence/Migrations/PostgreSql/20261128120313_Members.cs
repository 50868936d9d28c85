using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ascob.Server.Persistence.Migrations.PostgreSql
{
    /// <inheritdoc />
    public partial class Members : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "members",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(200)", maxLength: 200, nullable: false, collation: "C"),
                    kind = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    instance = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    home = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    state = table.Column<string>(type: "character varying(16)", maxLength: 16, nullable: false, collation: "C"),
                    labels = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    capacity = table.Column<int>(type: "integer", nullable: true),
                    running = table.Column<int>(type: "integer", nullable: false),
                    places = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    version = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false, collation: "C"),
                    started_at = table.Column<long>(type: "bigint", nullable: false),
                    last_seen_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_members", x => x.name);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "members");
        }
    }
}
