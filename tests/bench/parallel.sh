#!/usr/bin/env bash
# Measures two CPU-bound workers of gilvm against one: threads without a lock, threads with the GIL, processes.
#
# Measure: wall time, by bash's `time`. A worker's work is the same whether there is one or two, so the
# throughput ratio is 2 * wall(1) / wall(2): 2.00 is perfect scaling, 1.00 is what a GIL allows.
# The configurations take turns within a round, so that a change in the machine's speed hits all of them alike.
set -u -o pipefail
export LC_ALL=C

readonly usage='usage: parallel.sh [--gilvm PATH] [--rounds N] [PROGRAM...]'
bench_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly bench_directory
readonly repository=${bench_directory%/tests/bench}

fail_usage() {
  printf 'parallel.sh: %s; %s\n' "$1" "$usage" >&2
  exit 2
}

gilvm=$repository/build/release/vm/gilvm
rounds=5
programs=()
while (($# > 0)); do
  case $1 in
    --gilvm)
      (($# > 1)) || fail_usage '--gilvm needs a path'
      gilvm=$2
      shift 2
      ;;
    --rounds)
      (($# > 1)) || fail_usage '--rounds needs a number'
      [[ $2 =~ ^[1-9][0-9]*$ ]] || fail_usage "--rounds takes a number of 1 or more, not '$2'"
      rounds=$2
      shift 2
      ;;
    -*) fail_usage "unknown option '$1'" ;;
    *)
      name=$(basename "$1" .lua)
      [[ -f $bench_directory/parallel/$name.lua ]] || fail_usage "no program '$name' in tests/bench/parallel"
      programs+=("$name")
      shift
      ;;
  esac
done
((${#programs[@]} > 0)) || programs=(private_data private_objects shared_reads)
command -v -- "$gilvm" >/dev/null || fail_usage "cannot run '$gilvm'"
(($(nproc) >= 2)) || echo 'parallel.sh: one CPU only: two workers cannot run at the same time here' >&2

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure LABEL COMMAND...: appends the wall seconds to the label's file.
measure() {
  local label=$1 status=0
  shift
  local TIMEFORMAT='%R'
  { time "$@" >"$work/output" 2>"$work/errors"; } 2>"$work/time" || status=$?
  if ((status != 0)); then
    printf 'parallel.sh: %s: exit status %d: %s\n' "$*" "$status" "$(head -n 1 "$work/errors")" >&2
    exit 1
  fi
  cat "$work/time" >>"$work/$label"
}

median() {
  sort -n "$1" |
    awk '{ value[NR] = $1 } END { print (NR % 2) ? value[(NR + 1) / 2] : (value[NR / 2] + value[NR / 2 + 1]) / 2 }'
}

# The flags of a world, with @ where the number of workers goes.
readonly world_names=('threads/none' 'threads/gil' 'processes')
readonly world_flags=('--threads=@ --lock=none' '--threads=@ --lock=gil' '--processes=@')

printf 'wall seconds, median of %d interleaved rounds; throughput: 2 * wall(1) / wall(2)\n' "$rounds"
printf '%-16s %-14s %10s %10s %12s\n' program world '1 worker' '2 workers' throughput
for program in "${programs[@]}"; do
  for ((round = 1; round <= rounds; round++)); do
    for world in "${!world_names[@]}"; do
      for workers in 1 2; do
        read -r -a flags <<<"${world_flags[world]//@/$workers}"
        measure "$program.$world.$workers" "$gilvm" run "${flags[@]}" "$bench_directory/parallel/$program.lua"
      done
    done
  done
  for world in "${!world_names[@]}"; do
    awk -v program="$program" -v world="${world_names[world]}" \
      -v one="$(median "$work/$program.$world.1")" -v two="$(median "$work/$program.$world.2")" \
      'BEGIN {
        printf "%-16s %-14s %10.3f %10.3f %12s\n", program, world, one, two,
          (two > 0) ? sprintf("%.2f", 2 * one / two) : "-"
      }'
  done
done
