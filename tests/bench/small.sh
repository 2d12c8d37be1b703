#!/usr/bin/env bash
# Runs every benchmark program at a small size, with and without the GIL: it must print what lua5.4 prints.
#
#   tests/bench/small.sh [GILVM]
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
gilvm=${1:-$here/../../build/release/vm/gilvm}

# Each takes a moment; a program that is missing here fails.
declare -A sizes=(
  [arithmetic]=1000 [binary_trees]=6 [captured_local]=1000 [closures]=1000 [collision]=10 [coroutines]=1000 [deltablue]=1 [fannkuch]=6
  [fib]=10 [global_counter]=1000 [havlak]=1 [json]=1 [lcg]=1000 [linked_list]=1000 [mandelbrot]=10 [methods]=1000 [nbody]=100 [queens]=6
  [richards]=1 [sieve]=1000 [small_tables]=1000 [spectralnorm]=10 [string_building]=1000 [table_insert]=1000 [table_sort]=1000
)

failures=0
for file in "$here"/*.lua; do
  program=$(basename "$file" .lua)
  size=${sizes[$program]:-}
  if [[ -z $size ]]; then
    printf 'small.sh: no size for %s\n' "$program" >&2
    failures=$((failures + 1))
    continue
  fi
  expected=$(lua5.4 "$file" "$size")
  for lock in gil none; do
    printed=$("$gilvm" run "$file" "--lock=$lock" -- "$size" 2>&1) || printed+=" (exit status $?)"
    if [[ $printed != "$expected" ]]; then
      printf 'small.sh: %s %s, lock %s: %s instead of %s\n' "$program" "$size" "$lock" "$printed" "$expected" >&2
      failures=$((failures + 1))
    fi
  done
done
((failures == 0))
