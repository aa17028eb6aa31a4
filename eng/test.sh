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
passed=0 failed=0 skipped=0 failures=()

count() { passed=$((passed + $1)); failed=$((failed + $2)); skipped=$((skipped + $3)); }
step() { printf '\n== %s\n' "$1"; }
wanted() { # with no arguments everything is wanted
  [ ${#only[@]} -eq 0 ] && return 0
  local name; for name in "${only[@]}"; do [ "$name" = "$1" ] && return 0; done
  return 1
}
check() { # name, command...: one check that passes or fails as a whole
  local name=$1; shift
  step "$name"
  if timeout 600 "$@"; then count 1 0 0; else count 0 1 0; failures+=("$name"); fi
}
finish() {
  [ ${#failures[@]} -eq 0 ] || printf '\nFailed: %s\n' "${failures[*]}"
  if [ "$skipped" -gt 0 ]; then printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  else printf '\n%d passed, %d failed\n' "$passed" "$failed"; fi
  if [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]; then exit 0; fi
  exit 1
}

run_vitest() {
  step "dashboard: vitest"
  local before=$failed status
  (cd dashboard && timeout 600 npx vitest run --reporter=default --reporter=json --outputFile.json="$results/vitest.json")
  status=$?
  if [ -s "$results/vitest.json" ]; then
    # shellcheck disable=SC2046 # three numbers
    count $(node -e 'const r = require(process.argv[1]); console.log(r.numPassedTests, r.numFailedTests, r.numPendingTests + r.numTodoTests)' "$results/vitest.json")
  fi
  # A suite that could not be loaded fails the run without a failed test.
  if [ $status -ne 0 ]; then failures+=(vitest); [ "$failed" -gt "$before" ] || count 0 1 0; fi
}

# ReadmePictures is a command that takes the README's pictures, and checks nothing.
run_project() { # what it printed and its status are kept beside its results
  local name=$1
  { timeout "${TEST_TIMEOUT_SECONDS:-1200}" dotnet test --project "tests/$name" -c "$configuration" --no-build \
      --filter-not-class '*ReadmePictures' "${not_needed[@]}" --report-xunit-trx --report-xunit-trx-filename "$name.trx" --results-directory "$results" 2>&1
    echo $? >"$results/$name.status"; } | tee "$results/$name.log"
}
run_lane() { local name; for name in "$@"; do if wanted "$name"; then run_project "$name" >/dev/null; fi; done; }

count_project() {
  local name=$1 before=$failed status counters total ok bad
  status=$(cat "$results/$name.status" || echo 1)
  if [ -s "$results/$name.trx" ]; then
    counters=$(grep -o '<Counters [^>]*' "$results/$name.trx" | head -1)
    total=$(sed -E 's/.* total="([0-9]+)".*/\1/' <<<"$counters")
    ok=$(sed -E 's/.* passed="([0-9]+)".*/\1/' <<<"$counters")
    bad=$(sed -E 's/.* failed="([0-9]+)".*/\1/' <<<"$counters")
    count "$ok" "$bad" "$((total - ok - bad))"
  fi
  # A runner that crashed or hung fails even where its file counts no failure.
  if [ "$status" -ne 0 ]; then failures+=("$name"); [ "$failed" -gt "$before" ] || count 0 1 0; fi
}

if ! require_dotnet || ! require_node; then failures+=(prerequisites); count 0 1 0; finish; fi

step "dashboard: packages"
if (cd dashboard && npm ci --no-audit --no-fund --loglevel=error); then
  if wanted lint; then check "dashboard: lint" npm --prefix dashboard run --silent lint; fi
  # The built page is what the aggregator serves: integration tests need it.
  if wanted page || wanted Integration.Tests; then check "dashboard: build" npm --prefix dashboard run --silent build; fi
  if wanted vitest; then run_vitest; fi
else
  count 0 1 0; failures+=("npm ci")
fi

if wanted grafana; then
  step "grafana: packages"
  if (cd tests/Grafana && npm ci --no-audit --no-fund --loglevel=error --ignore-scripts); then check "grafana: types" npm --prefix tests/Grafana run --silent check
  else count 0 1 0; failures+=("grafana: npm ci"); fi
fi

step "build"
if ! dotnet build Observability.sln -c "$configuration" -v quiet -clp:NoSummary; then
  count 0 1 0; failures+=(build); finish
fi

if [ ${#not_needed[@]} -eq 0 ] && { wanted Integration.Tests || wanted Aggregator.Tests; }; then install_test_tools; fi
# The tests of agents mostly wait for time: beside them runs what is short. The others need the machine.
lanes=("Agent.Tests" "ServiceDefaults.Tests Architecture.Tests")
step "side by side: ${lanes[*]}"
# shellcheck disable=SC2086 # names of projects
for lane in "${lanes[@]}"; do run_lane $lane & done
wait
# shellcheck disable=SC2086
for name in ${lanes[*]}; do if wanted "$name"; then step "$name"; cat "$results/$name.log"; count_project "$name"; fi; done
for project in tests/*.Tests; do
  name=$(basename "$project")
  if wanted "$name" && [ ! -e "$results/$name.status" ]; then step "$name"; run_project "$name"; count_project "$name"; fi
done
finish
