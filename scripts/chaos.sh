#!/bin/sh
# Ends the server again and again under load and checks that nothing was lost, doubled or left behind.
# Usage: scripts/chaos.sh [--rounds 200] [--seed N] [--term] [--pg] [--backends] [--naive]
# --backends: the jobs go to a pretend Jenkins, Rundeck and PagerDuty that lose, delay and answer wrongly. With it --naive makes the server resend without waiting.
# Exit code 0: no violation (with --naive: the doubles that prove this harness were seen).
set -eu
cd "$(dirname "$0")/.."
dotnet build -c Release -v quiet -nologo Ascob.Bench
exec dotnet Ascob.Bench/bin/Release/net10.0/Ascob.Bench.dll chaos "$@"
