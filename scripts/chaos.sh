#!/bin/sh
# Ends the server again and again under load and checks that nothing was lost, doubled or left behind.
# Usage: scripts/chaos.sh [--rounds 200] [--seed N] [--term] [--pg] [--backends] [--naive]
# --backends: the jobs go to a pretend Jenkins, Rundeck and PagerDuty that lose, delay and answer wrongly. With it --naive makes the server resend without waiting.
#        scripts/chaos.sh --cluster [--runs 1000] [--locks 10] [--servers 3] [--kill-every 5] [--seed N] [--no-consul] [--naive]
# --cluster: several servers on one PostgreSQL and Consul; one is killed every few seconds, Consul is stopped, resumed and restarted, PostgreSQL is restarted. With it --naive takes no locks.
# Exit code 0: no violation (with --naive: the doubles that prove this harness were seen).
set -eu
cd "$(dirname "$0")/.."
dotnet build -c Release -v quiet -nologo Ascob.Bench
exec dotnet Ascob.Bench/bin/Release/net10.0/Ascob.Bench.dll chaos "$@"
