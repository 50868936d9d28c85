#!/bin/sh
# Measures Ascob and its baselines on this machine and prints one table.
# Usage: scripts/bench.sh [all|submit|latency|shell|start|search|baselines ...] [--reps N] [--seconds N] [--big]
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- all
dotnet build -c Release -v quiet -nologo Ascob.Bench
exec dotnet Ascob.Bench/bin/Release/net10.0/Ascob.Bench.dll "$@"
