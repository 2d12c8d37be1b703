#!/usr/bin/env bash
# Measures threading, queue, asyncio and multiprocessing against CPython's, and a thread's or process's creation and end against the
# system's.
#
# Measure: nanoseconds of one operation, the least of all rounds, which a busy machine disturbs less than the median;
# processor time, but wall time for threads and processes. The programs take turns within a round, so that a change in the machine's
# speed hits all of them alike, and stay on one core: to wake another costs much more on a virtual machine, and when that
# happens is for the kernel to choose. Only ratios mean anything.
set -u -o pipefail
export LC_ALL=C

readonly usage='usage: sync.sh [--gilvm PATH] [--python PATH] [--rounds N] [-- FLAG...]'
directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly directory

fail() {
  printf 'sync.sh: %s\n' "$1" >&2
  exit 2
}

gilvm=${directory%/tests/bench}/build/release/vm/gilvm
python=python3
rounds=5
while (($# > 0)) && [[ $1 != -- ]]; do
  (($# > 1)) || fail "$usage"
  case $1 in
    --gilvm) gilvm=$2 ;;
    --python) python=$2 ;;
    --rounds) rounds=$2 ;;
    *) fail "unknown option '$1'; $usage" ;;
  esac
  shift 2
done
(($# == 0)) || shift  # what follows are flags for gilvm, as --no-gil
[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "--rounds takes a number of 1 or more, not '$rounds'"
for program in "$gilvm" "$python"; do
  command -v -- "$program" >/dev/null || fail "cannot run '$program'"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${CXX:-c++}" -std=c++20 -O2 -pthread -o "$work/threads" "$directory/sync/threads.cpp" || fail 'cannot compile threads.cpp'

on_one_core=(taskset -c "$(($(nproc) - 1))")
for ((round = 1; round <= rounds; ++round)); do
  "${on_one_core[@]}" "$gilvm" run "$@" "$directory/sync/sync.lua" >>"$work/gilvm" || fail 'gilvm failed'
  "${on_one_core[@]}" "$python" "$directory/sync/sync.py" >>"$work/python" || fail 'python failed'
  "${on_one_core[@]}" "$work/threads" >>"$work/system" || fail 'threads failed'
done

least() { awk -v name="$1" '$1 == name && (!least || $2 < least) {least = $2} END {print least}' "$2"; }

printf '| %s | %s | %s | %s |\n' operation 'gilvm, ns' 'CPython, ns' 'CPython / gilvm' --- --- --- ---
awk '!seen[$1]++ {print $1}' "$work/gilvm" | while read -r name; do
  ours=$(least "$name" "$work/gilvm") theirs=$(least "$name" "$work/python")
  awk -v n="$name" -v a="$ours" -v b="$theirs" 'BEGIN {printf "| %s | %d | %d | %.2f |\n", n, a, b, b / a}'
done
for name in thread_create_join process_start_join; do
  ours=$(least "$name" "$work/gilvm") system=$(least "$name" "$work/system")
  awk -v n="$name" -v a="$ours" -v b="$system" 'BEGIN {printf "\n%s by the system itself: %d ns; gilvm takes %.2f times as long.\n", n, b, a / b}'
done
