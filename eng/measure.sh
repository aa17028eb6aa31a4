#!/usr/bin/env bash
# Prints the figures of docs/measurements.md, one command after another: about 40 minutes, on a machine with nothing else to do.
#   ./eng/measure.sh                    everything
#   ./eng/measure.sh load rings         only these
# Needs: the .NET 10 SDK; for "page" Node 20 and a Chromium (on Debian ./eng/test.sh installs one).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

benchmarks=(ingest rings memory seal query scrape record)
trials=(load fan-out wake-ups twelve start torture)
all=("${benchmarks[@]}" "${trials[@]}" page)
wanted=("$@")
[ ${#wanted[@]} -gt 0 ] || wanted=("${all[@]}")
for name in "${wanted[@]}"; do
  [[ " ${all[*]} " == *" $name "* ]] || { echo "There is no measurement '$name'. There are: ${all[*]}." >&2; exit 1; }
done

dotnet build tests/Benchmarks -c Release -v q -nologo
dotnet build tests/Stress -c Release -v q -nologo
for name in "${wanted[@]}"; do
  printf '\n== %s\n' "$name"
  case $name in
    page) (cd dashboard/bench && npm ci --silent && npm run --silent bench) ;;
    torture) dotnet run -c Release --no-build --project tests/Stress -- rings ;;
    load | fan-out | wake-ups | twelve | start) dotnet run -c Release --no-build --project tests/Stress -- "$name" ;;
    *) dotnet run -c Release --no-build --project tests/Benchmarks -- "$name" ;;
  esac
done
