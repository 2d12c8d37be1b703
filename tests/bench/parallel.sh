#!/usr/bin/env bash
# Measures two CPU-bound workers of gilvm against one: threads without a lock, with a lock for each table and with the
# GIL, and processes.
#
# Measure: wall time, by bash's `time`. A worker's work is the same whether there is one or two, so the
# throughput ratio is 2 * wall(1) / wall(2): 2.00 is perfect scaling, 1.00 is what a GIL allows.
# The configurations take turns within a round, so that a change in the machine's speed hits all of them alike.
programs_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/parallel
TIMEFORMAT='%R'
source "$programs_directory/../common.sh"

command -v -- "$gilvm" >/dev/null || fail_usage "cannot run '$gilvm'"
(($(nproc) >= 2)) || echo 'parallel.sh: one CPU only: two workers cannot run at the same time here' >&2

# The flags of a world, with @ where the number of workers goes.
readonly world_names=('threads/none' 'threads/object' 'threads/gil' 'processes')
readonly world_flags=('--threads=@ --lock=none' '--threads=@ --lock=object' '--threads=@ --lock=gil' '--processes=@')

printf 'wall seconds, median of %d interleaved rounds; throughput: 2 * wall(1) / wall(2)\n' "$rounds"
printf '%-16s %-14s %10s %10s %12s\n' program world '1 worker' '2 workers' throughput
for program in "${programs[@]}"; do
  for ((round = 1; round <= rounds; round++)); do
    for world in "${!world_names[@]}"; do
      for workers in 1 2; do
        read -r -a flags <<<"${world_flags[world]//@/$workers}"
        measure "$program.$world.$workers" "$gilvm" run "${flags[@]}" "$programs_directory/$program.lua"
      done
    done
  done
  for world in "${!world_names[@]}"; do
    awk -v program="$program" -v world="${world_names[world]}" \
      -v one="$(median "$program.$world.1" '$1')" -v two="$(median "$program.$world.2" '$1')" \
      'BEGIN {
        printf "%-16s %-14s %10.3f %10.3f %12s\n", program, world, one, two,
          (two > 0) ? sprintf("%.2f", 2 * one / two) : "-"
      }'
  done
done
