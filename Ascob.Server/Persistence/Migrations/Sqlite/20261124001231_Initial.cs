using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ascob.Server.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    internal sealed partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "backend_slots",
                columns: table => new
                {
                    backend_id = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    used = table.Column<int>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_backend_slots", x => x.backend_id);
                });

            migrationBuilder.CreateTable(
                name: "backend_states",
                columns: table => new
                {
                    backend_id = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    drained = table.Column<bool>(type: "INTEGER", nullable: false),
                    changed_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_backend_states", x => x.backend_id);
                });

            migrationBuilder.CreateTable(
                name: "idempotency_keys",
                columns: table => new
                {
                    scope = table.Column<string>(type: "TEXT", maxLength: 190, nullable: false),
                    idem_key = table.Column<string>(type: "TEXT", maxLength: 255, nullable: false),
                    body_hash = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    run_id = table.Column<long>(type: "INTEGER", nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_idempotency_keys", x => new { x.scope, x.idem_key });
                });

            migrationBuilder.CreateTable(
                name: "lock_fences",
                columns: table => new
                {
                    lock_key = table.Column<string>(type: "TEXT", maxLength: 210, nullable: false),
                    fence = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_lock_fences", x => x.lock_key);
                });

            migrationBuilder.CreateTable(
                name: "lock_requests",
                columns: table => new
                {
                    run_id = table.Column<long>(type: "INTEGER", nullable: false),
                    lock_key = table.Column<string>(type: "TEXT", maxLength: 210, nullable: false),
                    ticket = table.Column<long>(type: "INTEGER", nullable: false),
                    mode = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    policy = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    requested_at = table.Column<long>(type: "INTEGER", nullable: false),
                    granted_at = table.Column<long>(type: "INTEGER", nullable: true),
                    fence = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_lock_requests", x => new { x.run_id, x.lock_key });
                });

            migrationBuilder.CreateTable(
                name: "metadata",
                columns: table => new
                {
                    name = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    value = table.Column<string>(type: "TEXT", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_metadata", x => x.name);
                });

            // Clustered by its key: half the pages of a table with an index beside it. EF Core has no word for it.
            migrationBuilder.Sql(
                """
                CREATE TABLE "run_events" (
                    "run_id" INTEGER NOT NULL,
                    "seq" INTEGER NOT NULL,
                    "at_time" INTEGER NOT NULL,
                    "event_type" TEXT NOT NULL,
                    "from_status" TEXT NULL,
                    "to_status" TEXT NOT NULL,
                    "actor" TEXT NULL,
                    "reason" TEXT NULL,
                    "data" TEXT NULL,
                    "change_id" INTEGER NOT NULL,
                    CONSTRAINT "PK_run_events" PRIMARY KEY ("run_id", "seq")
                ) WITHOUT ROWID;
                """);

            migrationBuilder.CreateTable(
                name: "run_files",
                columns: table => new
                {
                    run_id = table.Column<long>(type: "INTEGER", nullable: false),
                    name = table.Column<string>(type: "TEXT", maxLength: 400, nullable: false),
                    stored_name = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    size = table.Column<long>(type: "INTEGER", nullable: false),
                    sha256 = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_run_files", x => new { x.run_id, x.name });
                });

            // Clustered by its key: half the pages of a table with an index beside it. EF Core has no word for it.
            migrationBuilder.Sql(
                """
                CREATE TABLE "run_labels" (
                    "label_key" TEXT NOT NULL,
                    "label_value" TEXT NOT NULL,
                    "run_id" INTEGER NOT NULL,
                    CONSTRAINT "PK_run_labels" PRIMARY KEY ("label_key", "label_value", "run_id")
                ) WITHOUT ROWID;
                """);

            migrationBuilder.CreateTable(
                name: "runs",
                columns: table => new
                {
                    id = table.Column<long>(type: "INTEGER", nullable: false),
                    parent_id = table.Column<long>(type: "INTEGER", nullable: true),
                    description = table.Column<string>(type: "TEXT", nullable: true),
                    submitter = table.Column<string>(type: "TEXT", maxLength: 256, nullable: true),
                    spec = table.Column<string>(type: "TEXT", nullable: false),
                    marker_id = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false),
                    token = table.Column<string>(type: "TEXT", nullable: true),
                    defined_at = table.Column<long>(type: "INTEGER", nullable: false),
                    status = table.Column<string>(type: "TEXT", maxLength: 20, nullable: false),
                    status_reason = table.Column<string>(type: "TEXT", nullable: true),
                    version = table.Column<long>(type: "INTEGER", nullable: false),
                    protected_secrets = table.Column<string>(type: "TEXT", nullable: true),
                    backend_id = table.Column<string>(type: "TEXT", maxLength: 256, nullable: true),
                    route = table.Column<string>(type: "TEXT", nullable: true),
                    backend_keys = table.Column<string>(type: "TEXT", nullable: true),
                    backend_status = table.Column<string>(type: "TEXT", nullable: true),
                    backend_url = table.Column<string>(type: "TEXT", nullable: true),
                    progress = table.Column<double>(type: "REAL", nullable: true),
                    attempt = table.Column<int>(type: "INTEGER", nullable: false),
                    exit_code = table.Column<int>(type: "INTEGER", nullable: true),
                    submitted_at = table.Column<long>(type: "INTEGER", nullable: true),
                    started_at = table.Column<long>(type: "INTEGER", nullable: true),
                    ended_at = table.Column<long>(type: "INTEGER", nullable: true),
                    next_check_at = table.Column<long>(type: "INTEGER", nullable: true),
                    lease_owner = table.Column<string>(type: "TEXT", maxLength: 256, nullable: true),
                    lease_until = table.Column<long>(type: "INTEGER", nullable: true),
                    intent_at = table.Column<long>(type: "INTEGER", nullable: true),
                    waiting_since = table.Column<long>(type: "INTEGER", nullable: true),
                    abort_at = table.Column<long>(type: "INTEGER", nullable: true),
                    abort_force = table.Column<bool>(type: "INTEGER", nullable: false),
                    timed_out = table.Column<bool>(type: "INTEGER", nullable: false),
                    failed_checks = table.Column<int>(type: "INTEGER", nullable: false),
                    holds_slot = table.Column<bool>(type: "INTEGER", nullable: false),
                    fences = table.Column<string>(type: "TEXT", nullable: true),
                    claimed_by = table.Column<string>(type: "TEXT", nullable: true),
                    output_archived = table.Column<bool>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_runs", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "sequences",
                columns: table => new
                {
                    name = table.Column<string>(type: "TEXT", maxLength: 100, nullable: false),
                    value = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sequences", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "tokens",
                columns: table => new
                {
                    identifier = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    token_id = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    secret_hash = table.Column<byte[]>(type: "BLOB", maxLength: 64, nullable: false),
                    authorities = table.Column<string>(type: "TEXT", nullable: false),
                    submitters = table.Column<string>(type: "TEXT", nullable: true),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    created_by = table.Column<string>(type: "TEXT", maxLength: 256, nullable: false),
                    expires_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_tokens", x => x.identifier);
                });

            migrationBuilder.CreateIndex(
                name: "ix_idempotency_keys_run",
                table: "idempotency_keys",
                column: "run_id");

            migrationBuilder.CreateIndex(
                name: "ix_lock_requests_line",
                table: "lock_requests",
                columns: new[] { "lock_key", "ticket" });

            migrationBuilder.CreateIndex(
                name: "ix_lock_requests_ticket",
                table: "lock_requests",
                column: "ticket");

            migrationBuilder.CreateIndex(
                name: "ix_run_files_stored_name",
                table: "run_files",
                column: "stored_name");

            migrationBuilder.CreateIndex(
                name: "ix_runs_backend",
                table: "runs",
                columns: new[] { "backend_id", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_runs_defined",
                table: "runs",
                columns: new[] { "defined_at", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_runs_due",
                table: "runs",
                columns: new[] { "next_check_at", "backend_id" },
                filter: "next_check_at IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_runs_parent",
                table: "runs",
                columns: new[] { "parent_id", "id" },
                filter: "parent_id IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_runs_status",
                table: "runs",
                columns: new[] { "status", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_runs_submitter",
                table: "runs",
                columns: new[] { "submitter", "id" });

            migrationBuilder.CreateIndex(
                name: "ix_tokens_token_id",
                table: "tokens",
                column: "token_id",
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "backend_slots");

            migrationBuilder.DropTable(
                name: "backend_states");

            migrationBuilder.DropTable(
                name: "idempotency_keys");

            migrationBuilder.DropTable(
                name: "lock_fences");

            migrationBuilder.DropTable(
                name: "lock_requests");

            migrationBuilder.DropTable(
                name: "metadata");

            migrationBuilder.DropTable(
                name: "run_events");

            migrationBuilder.DropTable(
                name: "run_files");

            migrationBuilder.DropTable(
                name: "run_labels");

            migrationBuilder.DropTable(
                name: "runs");

            migrationBuilder.DropTable(
                name: "sequences");

            migrationBuilder.DropTable(
                name: "tokens");
        }
    }
}
