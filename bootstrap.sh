#!/usr/bin/env bash
# Installs what gilvm needs on a Debian machine, builds it, and runs the main job or the tests.
#
#   ./bootstrap.sh demo       installs, builds, and compares what happens to a counter in every world
#   ./bootstrap.sh test       installs, builds, and runs all tests
#   ./bootstrap.sh build      installs and builds
#   ./bootstrap.sh packages   installs only
set -euo pipefail
cd "$(dirname "$0")"

build_packages=(g++ cmake ninja-build pkg-config liblua5.4-dev libfmt-dev nlohmann-json3-dev libedit-dev
                libuv1-dev libsqlite3-dev libboost-context-dev gettext)
test_packages=(catch2 expect lua5.4 procps spin)

# What went wrong is shown only then: a command that succeeds is quiet.
quietly() {
  local log
  log=$(mktemp)
  if ! "$@" >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    printf 'bootstrap.sh: failed: %s\n' "$*" >&2
    exit 1
  fi
  rm -f "$log"
}

install_packages() {
  local package missing=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  printf 'Installing %s ...\n' "${missing[*]}"
  quietly "${as_root[@]}" apt-get update
  quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
}

build() {
  printf 'Building ...\n'
  quietly cmake --preset release
  quietly cmake --build --preset release "$@"
}

case ${1:-} in
  demo)
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    build --target gilvm
    exec build/release/vm/gilvm compare scripts/lost_update.lua
    ;;
  test)
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    build
    exec ctest --preset release --progress
    ;;
  build)
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    build
    ;;
  packages) install_packages "${build_packages[@]}" "${test_packages[@]}" ;;
  *)
    printf 'usage: ./bootstrap.sh demo|test|build|packages\n' >&2
    exit 2
    ;;
esac
