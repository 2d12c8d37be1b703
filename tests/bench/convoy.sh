#!/usr/bin/env bash
# Measures what a thread that answers waits for the GIL beside one that computes, and what that one loses, under each --gil-policy.
#
# Measure: medians over the rounds. The configurations take turns within a round, so that a change in the machine's speed
# hits all of them alike. Only at a raised priority (chrt -f 10 convoy.sh) are the waits those for the GIL on a machine that does
# other things too.
set -u -o pipefail
export LC_ALL=C

readonly usage='usage: convoy.sh [--gilvm PATH] [--rounds N] [--seconds S] [-- FLAG...]'
directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly directory
source "$directory/median.sh"

fail() {
  printf 'convoy.sh: %s\n' "$1" >&2
  exit 2
}

gilvm=${directory%/tests/bench}/build/release/vm/gilvm
rounds=7 seconds=2
while (($# > 0)) && [[ $1 != -- ]]; do
  (($# > 1)) || fail "$usage"
  case $1 in
    --gilvm) gilvm=$2 ;;
    --rounds) rounds=$2 ;;
    --seconds) seconds=$2 ;;
    *) fail "unknown option '$1'; $usage" ;;
  esac
  shift 2
done
(($# == 0)) || shift  # what follows are flags for gilvm, as --switch-interval=1ms
[[ $rounds =~ ^[1-9][0-9]*$ ]] || fail "--rounds takes a number of 1 or more, not '$rounds'"
command -v -- "$gilvm" >/dev/null || fail "cannot run '$gilvm'"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure NAME POLICY WORD...: appends a line to the file of that name.
measure() {
  "$gilvm" run "${flags[@]}" --gil-policy="$2" "$directory/convoy/convoy.lua" -- "$seconds" "${@:3}" >>"$work/$1" || fail 'gilvm failed'
}
flags=("$@")
for ((round = 1; round <= rounds; ++round)); do
  measure answers interval answers
  measure computes interval computes
  measure interval interval answers computes
  measure io-first io-first answers computes
done

printf '| %s | %s | %s | %s | %s |\n' threads 'answers/s' 'wait p50, µs' 'p99, µs' 'rounds, million/s' --- --- --- --- ---
row() {
  printf '| %s | %.0f | %.0f | %.0f | %.1f |\n' "$1" "$(median "$2" '$1')" "$(median "$2" '$2')" "$(median "$2" '$3')" \
    "$(median "$2" '$4 / 1e6')"
}
row 'the one that answers' answers
row 'the one that computes' computes
row 'both, `--gil-policy=interval`' interval
row 'both, `--gil-policy=io-first`' io-first
