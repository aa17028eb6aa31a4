#!/usr/bin/env bash
# Installs what the tests need, builds everything, runs every runner, and ends with one line: "N passed, N failed, N skipped".
#   ./eng/test.sh                       everything
#   ./eng/test.sh fast                  everything but what needs a browser, Prometheus or containers; installs nothing
#   ./eng/test.sh Agent.Tests vitest    only these (test projects of tests/, or: vitest, lint, page, grafana)
# Needs: the .NET 10 SDK and Node 20. Chromium and Python's grpcio come from the system's packages (Debian: installed here).
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. eng/install.sh

export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
configuration=${CONFIGURATION:-Release}
results=$PWD/artifacts/test-results
rm -rf "$results" && mkdir -p "$results"
not_needed=()
if [ "${1:-}" = fast ]; then
  shift
  not_needed=(--filter-not-trait Needs=Browser --filter-not-trait Needs=Prometheus --filter-not-trait Needs=Containers)
fi
only=("$@")

# Steps run side by side, each in a shell of its own: what they count goes through files.
count() { echo "$1 $2 $3" >>"$results/counts"; }
fail() { echo "$1" >>"$results/failures"; }
step() { printf '\n== %s\n' "$1"; }
wanted() { # with no arguments everything is wanted
  [ ${#only[@]} -eq 0 ] && return 0
  local name; for name in "${only[@]}"; do [ "$name" = "$1" ] && return 0; done
  return 1
}
check() { # name, command...: one check that passes or fails as a whole
  local name=$1; shift
  step "$name"
  if timeout 600 "$@"; then count 1 0 0; else count 0 1 0; fail "$name"; fi
}
finish() {
  local passed failed skipped
  read -r passed failed skipped < <(cat "$results/counts" 2>/dev/null | awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }')
  [ ! -s "$results/failures" ] || printf '\nFailed: %s\n' "$(paste -sd ' ' "$results/failures")"
  if [ "$skipped" -gt 0 ]; then printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  else printf '\n%d passed, %d failed\n' "$passed" "$failed"; fi
  if [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]; then exit 0; fi
  exit 1
}

npm_ci() { # name, directory, arguments...
  local name=$1 directory=$2; shift 2
  step "$name: packages"
  (cd "$directory" && npm ci --no-audit --no-fund --loglevel=error "$@") && return 0
  count 0 1 0; fail "$name: npm ci"
  return 1
}
# The built page is what the aggregator serves: integration tests need it.
dashboard_checks() {
  if npm_ci dashboard dashboard; then
    if wanted page || wanted Integration.Tests; then check "dashboard: build" npm --prefix dashboard run --silent build; fi
    if wanted lint; then check "dashboard: lint" npm --prefix dashboard run --silent lint; fi
  fi
  if wanted grafana && npm_ci grafana tests/Grafana --ignore-scripts; then check "grafana: types" npm --prefix tests/Grafana run --silent check; fi
}
build() {
  step build
  dotnet build Observability.sln -c "$configuration" -v quiet -clp:NoSummary && return 0
  count 0 1 0; fail build
  return 1
}

run_vitest() {
  step "dashboard: vitest"
  (cd dashboard && timeout 600 npx vitest run --reporter=default --reporter=json --outputFile.json="$results/vitest.json")
  local status=$? passed=0 failed=0 skipped=0
  if [ -s "$results/vitest.json" ]; then
    read -r passed failed skipped < <(node -e 'const r = require(process.argv[1]); console.log(r.numPassedTests, r.numFailedTests, r.numPendingTests + r.numTodoTests)' "$results/vitest.json")
  fi
  # A suite that could not be loaded fails the run without a failed test.
  if [ $status -ne 0 ]; then fail vitest; [ "$failed" -gt 0 ] || failed=1; fi
  count "$passed" "$failed" "$skipped"
}

# ReadmePictures is a command that takes the README's pictures, and checks nothing.
run_project() {
  local name=$1 status counters total ok=0 bad=0 other=0
  step "$name"
  timeout "${TEST_TIMEOUT_SECONDS:-1200}" dotnet test --project "tests/$name" -c "$configuration" --no-build \
    --filter-not-class '*ReadmePictures' "${not_needed[@]}" --report-xunit-trx --report-xunit-trx-filename "$name.trx" --results-directory "$results" 2>&1
  status=$?
  if [ -s "$results/$name.trx" ]; then
    counters=$(grep -o '<Counters [^>]*' "$results/$name.trx" | head -1)
    total=$(sed -E 's/.* total="([0-9]+)".*/\1/' <<<"$counters")
    ok=$(sed -E 's/.* passed="([0-9]+)".*/\1/' <<<"$counters")
    bad=$(sed -E 's/.* failed="([0-9]+)".*/\1/' <<<"$counters")
    other=$((total - ok - bad))
  fi
  # A runner that crashed or hung fails even where its file counts no failure.
  if [ $status -ne 0 ]; then fail "$name"; [ "$bad" -gt 0 ] || bad=1; fi
  count "$ok" "$bad" "$other"
}
run() { # names, one after the other
  local name
  for name in "$@"; do
    if wanted "$name"; then if [ "$name" = vitest ]; then run_vitest; else run_project "$name"; fi; fi
  done
}
side_by_side() { # lanes of names; each prints when all have ended
  local lane number=0
  step "side by side: $(printf '[%s] ' "$@")"
  for lane in "$@"; do
    number=$((number + 1))
    # shellcheck disable=SC2086 # names of projects
    run $lane >"$results/lane-$number.log" 2>&1 &
  done
  wait
  for lane in "$results"/lane-*.log; do cat "$lane"; done
}

if ! require_dotnet || ! require_node; then fail prerequisites; count 0 1 0; finish; fi

# The compiler leaves half of the machine to the page.
dashboard_checks >"$results/dashboard.log" 2>&1 &
build; built=$?
wait
cat "$results/dashboard.log"
[ $built -eq 0 ] || finish

rest=()
for project in tests/*.Tests; do
  name=$(basename "$project")
  [[ " Agent.Tests ServiceDefaults.Tests Architecture.Tests Aggregator.Tests " == *" $name "* ]] || rest+=("$name")
done
# Tests of agents mostly wait for time. Those of the whole graph need the machine.
if [ ${#not_needed[@]} -gt 0 ]; then
  side_by_side "Agent.Tests" "Aggregator.Tests" "vitest ServiceDefaults.Tests Architecture.Tests"
  run "${rest[@]}"
else
  if wanted Integration.Tests || wanted Aggregator.Tests; then install_test_tools; fi
  side_by_side "Agent.Tests" "vitest ServiceDefaults.Tests Architecture.Tests"
  run Aggregator.Tests "${rest[@]}"
fi
finish
