using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Ascob.Server.Persistence.Migrations.PostgreSql
{
    /// <inheritdoc />
    internal sealed partial class Initial : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateSequence(
                name: "lock_tickets");

            migrationBuilder.CreateSequence(
                name: "run_ids");

            migrationBuilder.CreateTable(
                name: "backend_slots",
                columns: table => new
                {
                    backend_id = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    used = table.Column<int>(type: "integer", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_backend_slots", x => x.backend_id);
                });

            migrationBuilder.CreateTable(
                name: "backend_states",
                columns: table => new
                {
                    backend_id = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    drained = table.Column<bool>(type: "boolean", nullable: false),
                    changed_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_backend_states", x => x.backend_id);
                });

            migrationBuilder.CreateTable(
                name: "idempotency_keys",
                columns: table => new
                {
                    scope = table.Column<string>(type: "character varying(190)", maxLength: 190, nullable: false, collation: "C"),
                    idem_key = table.Column<string>(type: "character varying(255)", maxLength: 255, nullable: false, collation: "C"),
                    body_hash = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    run_id = table.Column<long>(type: "bigint", nullable: false),
                    created_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_idempotency_keys", x => new { x.scope, x.idem_key });
                });

            migrationBuilder.CreateTable(
                name: "lock_fences",
                columns: table => new
                {
                    lock_key = table.Column<string>(type: "character varying(210)", maxLength: 210, nullable: false, collation: "C"),
                    fence = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_lock_fences", x => x.lock_key);
                });

            migrationBuilder.CreateTable(
                name: "lock_requests",
                columns: table => new
                {
                    run_id = table.Column<long>(type: "bigint", nullable: false),
                    lock_key = table.Column<string>(type: "character varying(210)", maxLength: 210, nullable: false, collation: "C"),
                    ticket = table.Column<long>(type: "bigint", nullable: false),
                    mode = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false, collation: "C"),
                    policy = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false, collation: "C"),
                    requested_at = table.Column<long>(type: "bigint", nullable: false),
                    granted_at = table.Column<long>(type: "bigint", nullable: true),
                    fence = table.Column<long>(type: "bigint", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_lock_requests", x => new { x.run_id, x.lock_key });
                });

            migrationBuilder.CreateTable(
                name: "metadata",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false, collation: "C"),
                    value = table.Column<string>(type: "text", nullable: false, collation: "C")
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_metadata", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "run_events",
                columns: table => new
                {
                    run_id = table.Column<long>(type: "bigint", nullable: false),
                    seq = table.Column<long>(type: "bigint", nullable: false),
                    at_time = table.Column<long>(type: "bigint", nullable: false),
                    event_type = table.Column<string>(type: "character varying(40)", maxLength: 40, nullable: false, collation: "C"),
                    from_status = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: true, collation: "C"),
                    to_status = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false, collation: "C"),
                    actor = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    reason = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    data = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    change_id = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_run_events", x => new { x.run_id, x.seq });
                });

            migrationBuilder.CreateTable(
                name: "run_files",
                columns: table => new
                {
                    run_id = table.Column<long>(type: "bigint", nullable: false),
                    name = table.Column<string>(type: "character varying(400)", maxLength: 400, nullable: false, collation: "C"),
                    stored_name = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    size = table.Column<long>(type: "bigint", nullable: false),
                    sha256 = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    created_at = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_run_files", x => new { x.run_id, x.name });
                });

            migrationBuilder.CreateTable(
                name: "runs",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false),
                    parent_id = table.Column<long>(type: "bigint", nullable: true),
                    description = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    submitter = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true, collation: "C"),
                    spec = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    marker_id = table.Column<string>(type: "character varying(64)", maxLength: 64, nullable: false, collation: "C"),
                    token = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    defined_at = table.Column<long>(type: "bigint", nullable: false),
                    status = table.Column<string>(type: "character varying(20)", maxLength: 20, nullable: false, collation: "C"),
                    status_reason = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    version = table.Column<long>(type: "bigint", nullable: false),
                    protected_secrets = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    backend_id = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true, collation: "C"),
                    route = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    backend_keys = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    backend_status = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    backend_url = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    progress = table.Column<double>(type: "double precision", nullable: true),
                    attempt = table.Column<int>(type: "integer", nullable: false),
                    exit_code = table.Column<int>(type: "integer", nullable: true),
                    submitted_at = table.Column<long>(type: "bigint", nullable: true),
                    started_at = table.Column<long>(type: "bigint", nullable: true),
                    ended_at = table.Column<long>(type: "bigint", nullable: true),
                    next_check_at = table.Column<long>(type: "bigint", nullable: true),
                    lease_owner = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: true, collation: "C"),
                    lease_until = table.Column<long>(type: "bigint", nullable: true),
                    intent_at = table.Column<long>(type: "bigint", nullable: true),
                    waiting_since = table.Column<long>(type: "bigint", nullable: true),
                    abort_at = table.Column<long>(type: "bigint", nullable: true),
                    abort_force = table.Column<bool>(type: "boolean", nullable: false),
                    timed_out = table.Column<bool>(type: "boolean", nullable: false),
                    failed_checks = table.Column<int>(type: "integer", nullable: false),
                    holds_slot = table.Column<bool>(type: "boolean", nullable: false),
                    fences = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    claimed_by = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    output_archived = table.Column<bool>(type: "boolean", nullable: false),
                    labels = table.Column<string>(type: "jsonb", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_runs", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "sequences",
                columns: table => new
                {
                    name = table.Column<string>(type: "character varying(100)", maxLength: 100, nullable: false, collation: "C"),
                    value = table.Column<long>(type: "bigint", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_sequences", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "tokens",
                columns: table => new
                {
                    identifier = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    token_id = table.Column<string>(type: "character varying(128)", maxLength: 128, nullable: false, collation: "C"),
                    secret_hash = table.Column<byte[]>(type: "bytea", maxLength: 64, nullable: false),
                    authorities = table.Column<string>(type: "text", nullable: false, collation: "C"),
                    submitters = table.Column<string>(type: "text", nullable: true, collation: "C"),
                    created_at = table.Column<long>(type: "bigint", nullable: false),
                    created_by = table.Column<string>(type: "character varying(256)", maxLength: 256, nullable: false, collation: "C"),
                    expires_at = table.Column<long>(type: "bigint", nullable: true)
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
                name: "ix_runs_labels",
                table: "runs",
                column: "labels")
                .Annotation("Npgsql:IndexMethod", "gin")
                .Annotation("Npgsql:IndexOperators", new[] { "jsonb_path_ops" });

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
                name: "runs");

            migrationBuilder.DropTable(
                name: "sequences");

            migrationBuilder.DropTable(
                name: "tokens");

            migrationBuilder.DropSequence(
                name: "lock_tickets");

            migrationBuilder.DropSequence(
                name: "run_ids");
        }
    }
}
