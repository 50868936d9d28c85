#!/bin/sh
# Ends the server again and again under load and checks that nothing was lost, doubled or left behind.
# Usage: scripts/chaos.sh [--rounds 200] [--seed N] [--term] [--pg] [--backends] [--naive]
# --backends: the jobs go to a pretend Jenkins, Rundeck and PagerDuty that lose, delay and answer wrongly. With it --naive makes the server resend without waiting.
#        scripts/chaos.sh --cluster [--runs 1000] [--locks 10] [--servers 3] [--workers 2] [--kill-every 5] [--long 25] [--seed N] [--no-consul] [--naive]
# --cluster: several servers and workers on one PostgreSQL and Consul; one is killed every few seconds, Consul is stopped, resumed and restarted, PostgreSQL is restarted, both are restarted together;
#   a server is away, another paused and Consul paused for --long seconds each, which is longer than leases and sessions live. Jobs fail at first, or are stopped at another server than their own.
#   With it --naive takes no locks and sets no capacities. It takes three to five minutes.
# Exit code 0: no violation (with --naive: the violations that prove this harness were seen). 1: violations. 77, and a line "skipped: ...": PostgreSQL or Consul is missing, nothing was tried.
set -eu
cd "$(dirname "$0")/.."
dotnet build -c Release -v quiet -nologo Ascob.Bench
exec dotnet Ascob.Bench/bin/Release/net10.0/Ascob.Bench.dll chaos "$@"
