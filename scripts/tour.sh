#!/usr/bin/env bash
# Runs the tour of README.md against a really started server and compares what it prints with what the README says.
#   scripts/tour.sh            on a free port, with a data directory that is thrown away
# Every ```sh block between the tour markers is run in one shell; a ```json or ```text block right after it is what it must print. Times and the numbers of
# runs may differ, nothing else. "tour:restart" kills the server with SIGKILL and starts it again on the same data.
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

for tool in curl jq awk; do
    command -v "$tool" >/dev/null || { echo "tour: $tool is not installed" >&2; exit 69; }
done

work=$(mktemp -d)
server=
cleanup() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$work"
}
trap cleanup EXIT

# The README's address is replaced by a free port, so that the tour runs beside a server that is in use.
free_port() {
    local port
    while :; do
        port=$((20000 + RANDOM % 20000))
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || { echo "$port"; return; }
    done
}
port=${TOUR_PORT:-$(free_port)}
url=http://localhost:$port

start_server() {
    # The README's command is `dotnet run --project Ascob.Server`; its process is a child of `dotnet run`, so the built program is started
    # here to have the pid that a kill needs.
    ASPNETCORE_ENVIRONMENT=Development Ascob__DataDirectory="$work/data" \
        dotnet "$program" --urls "$url" >>"$work/server.log" 2>&1 </dev/null &
    server=$!
    local i
    for ((i = 0; i < 300; i++)); do
        curl -fs -o /dev/null "$url/healthz/ready" && return 0
        kill -0 "$server" 2>/dev/null || break
        sleep 0.1
    done
    echo 'tour: the server does not start' >&2
    cat "$work/server.log" >&2
    return 1
}

# 001.sh, 001.json …, and 002.restart, in the order of the README.
extract() {
    awk -v dir="$work/blocks" '
        /<!-- tour:begin/ {on = 1; next}
        /<!-- tour:end/ {on = 0}
        !on {next}
        /<!-- tour:restart/ {n++; printf "" > sprintf("%s/%03d.restart", dir, n); next}
        !inside && /^```(sh|json|text)$/ {
            kind = substr($0, 4)
            if (kind == "sh") n++
            file = sprintf("%s/%03d.%s", dir, n, kind == "sh" ? "sh" : "expected-" kind)
            printf "" > file
            inside = 1
            next
        }
        inside && /^```$/ {inside = 0; close(file); next}
        inside {print > file}
    ' README.md
}

normalise_json() {
    jq -S 'def text: gsub("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z"; "<time>") | gsub("(?<w>[Rr]uns?[ /])[0-9]+"; "\(.w)<id>");
        walk(if type == "string" then text
             elif type == "object" then with_entries(if (.key | IN("runId", "id", "parentId", "nextSeq")) and (.value | type) == "number" then .value = "<id>" else . end)
             else . end)' "$1"
}

normalise_text() {
    sed -E -e 's/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/<time>/g' -e 's#([Rr]uns?[ /])[0-9]+#\1<id>#g' -e 's/("(runId|id|parentId)": ?)[0-9]+/\1<id>/g' "$1"
}

# A shell of its own runs the blocks one after the other, so that variables live on and a restart can come between.
run_block() {
    local block=$1 out=$2
    sed "s#http://localhost:8081#$url#g" "$block" >"$work/current.sh"
    # shellcheck disable=SC1091
    . "$work/current.sh" >"$out" 2>"$work/stderr.log" || true
}

project=Ascob.Server/Ascob.Server.csproj
dotnet build "$project" -v:quiet --nologo
program=$(dotnet msbuild "$project" -getProperty:TargetPath)

mkdir "$work/blocks"
extract
start_server
blocks=0 compared=0 wrong=0
for block in "$work"/blocks/*.sh "$work"/blocks/*.restart; do
    [ -e "$block" ] && echo "$block"
done | sort >"$work/order"

while read -r block <&4; do
    if [[ $block == *.restart ]]; then
        kill -KILL "$server"
        wait "$server" 2>/dev/null || true
        start_server
        continue
    fi

    blocks=$((blocks + 1))
    base=${block%.sh}
    # Blocks are written for people, who have neither -e nor -u nor pipefail.
    set +eu +o pipefail
    run_block "$block" "$base.out" </dev/null
    set -eu -o pipefail
    for kind in json text; do
        [ -e "$base.expected-$kind" ] || continue
        compared=$((compared + 1))
        if ! "normalise_$kind" "$base.expected-$kind" >"$work/expected" 2>>"$work/stderr.log" ||
            ! "normalise_$kind" "$base.out" >"$work/actual" 2>>"$work/stderr.log" ||
            ! diff -u --label README.md --label printed "$work/expected" "$work/actual"; then
            wrong=$((wrong + 1))
            echo "tour: this block prints something else:"
            sed 's/^/    /' "$block"
            echo "it printed:"
            sed 's/^/    /' "$base.out" "$work/stderr.log"
        fi
    done
done 4<"$work/order"

echo "tour: $blocks blocks run, $compared outputs compared, $wrong different"
if [ "$wrong" -ne 0 ] || [ "$compared" -eq 0 ]; then
    tail -n 20 "$work/server.log" >&2
    exit 1
fi
