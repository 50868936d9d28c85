#!/usr/bin/env bash
# Asks the package source for known vulnerabilities of every package, direct and transitive. Exit code 1 when there is one,
# 2 when the source has no advisory data: then nothing is known, which is not the same as "no vulnerabilities".
set -euo pipefail
cd "$(dirname "$0")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

vulnerable_packages() {
    dotnet list "$1" package --vulnerable --include-transitive >"$work/list.log"
    grep -q 'has the following vulnerable packages' "$work/list.log"
}

# A mirror without advisories answers "no vulnerable packages" for everything. A package with a published high advisory tells the two apart.
cat >"$work/canary.csproj" <<'PROJECT'
<Project Sdk="Microsoft.NET.Sdk">
  <PropertyGroup><TargetFramework>net10.0</TargetFramework></PropertyGroup>
  <ItemGroup><PackageReference Include="Newtonsoft.Json" Version="12.0.1" /></ItemGroup>
</Project>
PROJECT
dotnet restore "$work/canary.csproj" -p:NuGetAudit=false -v:quiet
if ! vulnerable_packages "$work/canary.csproj"; then
    echo 'The package source has no advisory data (it calls Newtonsoft.Json 12.0.1 sound): nothing is known about our packages.' >&2
    exit 2
fi

dotnet restore Ascob.sln -v:quiet
found=0
vulnerable_packages Ascob.sln && found=1
cat "$work/list.log"
exit "$found"
