# shellcheck shell=bash
# Sourced by the scripts beside it: checks what a machine must have, installs what the tests need besides.

require_dotnet() {
  command -v dotnet >/dev/null && dotnet --list-sdks | grep -q '^10\.' && return 0
  echo "Cannot build: the .NET 10 SDK is not on PATH. Install it from https://dotnet.microsoft.com/download and try again." >&2
  return 1
}

require_node() {
  if command -v node >/dev/null && command -v npm >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]; then return 0; fi
  echo "Cannot build the dashboard: Node 20 or newer with npm is not on PATH. Install it from https://nodejs.org and try again." >&2
  return 1
}

# Chromium (browser tests), Python's grpcio and protoc (a foreign client), Prometheus with promtool and Python's client for it (the exposition,
# rules and panels). A machine where they cannot be installed still runs the rest: the tests that need them say so as skipped.
install_test_tools() {
  local packages=() sudo=()
  command -v chromium >/dev/null || command -v google-chrome >/dev/null || packages+=(chromium)
  /usr/bin/python3 -c 'import grpc, google.protobuf' 2>/dev/null || packages+=(python3-grpcio python3-protobuf)
  command -v protoc >/dev/null || packages+=(protobuf-compiler)
  command -v prometheus >/dev/null && command -v promtool >/dev/null || packages+=(prometheus)
  /usr/bin/python3 -c 'import prometheus_client' 2>/dev/null || packages+=(python3-prometheus-client)
  # The published compose file is started in an engine of the test's own.
  command -v dockerd >/dev/null || packages+=(docker.io)
  command -v docker-compose >/dev/null || packages+=(docker-compose)
  [ ${#packages[@]} -eq 0 ] && return 0
  if ! command -v apt-get >/dev/null; then
    echo "Cannot install ${packages[*]}: this machine has no apt-get. Install them by hand to run the tests that need them." >&2
    return 0
  fi
  [ "$(id -u)" -eq 0 ] || sudo=(sudo -n)
  echo "Installing ${packages[*]}"
  "${sudo[@]}" apt-get update -qq || echo "Cannot refresh the list of packages; going on with the one that is there." >&2
  install_without_services "${packages[@]}" && return 0
  # One that cannot be had must not take the others with it.
  local package
  for package in "${packages[@]}"; do
    install_without_services "$package" || echo "Cannot install $package. The tests that need it are skipped." >&2
  done
  return 0
}

# Debian starts a daemon's service when its package is installed, now and at every boot. The tests want the programs alone.
install_without_services() { # packages...; uses sudo of the caller
  local policy=/usr/sbin/policy-rc.d own=0 status=0
  if [ ! -e "$policy" ]; then
    own=1
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null && "${sudo[@]}" chmod 755 "$policy" || return 1
  fi
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null || status=$?
  [ $own -eq 0 ] || "${sudo[@]}" rm -f "$policy"
  case " $* " in *" prometheus "*)
    if command -v systemctl >/dev/null; then "${sudo[@]}" systemctl --quiet disable prometheus.service 2>/dev/null || true; fi ;;
  esac
  return $status
}
