#!/usr/bin/env bash
# Runs the benchmark programs in gilvm, lua5.4 and `luajit -joff`, and prints how they compare.
#
# Measure: user + system CPU time of the process, by bash's `time` (milliseconds); the ratios use it. Wall time
# is shown for the programs' medians too, so that a run that waits does not go unnoticed.
# The interpreters take turns within a round, so that a change in the machine's speed hits all of them alike.
# A program whose first line is `-- luajit: no` needs Lua 5.4's integers and is not given to luajit.
programs_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TIMEFORMAT='%U %S %R'
source "$programs_directory/common.sh"

# A command with arguments is accepted too ("build/release/vm/gilvm --lock=none").
if command -v -- "$gilvm" >/dev/null; then
  gilvm_command=("$gilvm")
else
  read -r -a gilvm_command <<<"$gilvm"
  command -v -- "${gilvm_command[0]:-}" >/dev/null || fail_usage "cannot run '$gilvm'"
fi
for needed in lua5.4 luajit; do
  command -v "$needed" >/dev/null || fail_usage "$needed is not installed"
done

readonly cpu='$1 + $2'
printf 'CPU seconds (user + system), median of %d interleaved rounds; a ratio above 1: gilvm is faster\n' "$rounds"
printf '%-16s %8s %8s %8s %12s %14s %14s\n' program gilvm lua5.4 luajit 'gilvm wall' lua5.4/gilvm luajit/gilvm

for program in "${programs[@]}"; do
  file=$programs_directory/$program.lua
  read -r first_line <"$file"
  with_luajit=yes
  [[ $first_line == '-- luajit: no'* ]] && with_luajit=no

  for ((round = 1; round <= rounds; round++)); do
    measure "$program.gilvm" "${gilvm_command[@]}" "$file"
    mv "$work/output" "$work/checksum.gilvm"
    measure "$program.lua" lua5.4 "$file"
    mv "$work/output" "$work/checksum.lua"
    if ! cmp -s "$work/checksum.gilvm" "$work/checksum.lua"; then
      printf 'run.sh: %s: checksums differ: gilvm %s, lua5.4 %s\n' \
        "$program" "$(head -n 1 "$work/checksum.gilvm")" "$(head -n 1 "$work/checksum.lua")" >&2
      exit 1
    fi
    if [[ $with_luajit == yes ]]; then
      measure "$program.luajit" luajit -joff "$file"
      if ! cmp -s "$work/output" "$work/checksum.lua"; then
        printf 'run.sh: %s: checksums differ: luajit %s, lua5.4 %s\n' \
          "$program" "$(head -n 1 "$work/output")" "$(head -n 1 "$work/checksum.lua")" >&2
        exit 1
      fi
    fi
  done

  gilvm_seconds=$(median "$program.gilvm" "$cpu")
  gilvm_wall=$(median "$program.gilvm" '$3')
  lua_seconds=$(median "$program.lua" "$cpu")
  luajit_seconds=-
  [[ $with_luajit == yes ]] && luajit_seconds=$(median "$program.luajit" "$cpu")
  printf '%s %s %s %s %s\n' "$program" "$gilvm_seconds" "$lua_seconds" "$luajit_seconds" "$gilvm_wall" |
    tee -a "$work/medians" |
    awk '
      # A time of 0 (below the resolution) would divide by zero; it has no ratio.
      function ratio(other, own) { return (other == "-" || own <= 0) ? "-" : sprintf("%.2f", other / own) }
      function seconds(value) { return value == "-" ? "-" : sprintf("%.3f", value) }
      {
        printf "%-16s %8s %8s %8s %12s %14s %14s\n",
          $1, seconds($2), seconds($3), seconds($4), seconds($5), ratio($3, $2), ratio($4, $2)
      }'
done

awk '
  $2 > 0 && $3 > 0 { lua_sum += log($3 / $2); lua_count++ }
  $2 > 0 && $4 != "-" && $4 > 0 { luajit_sum += log($4 / $2); luajit_count++ }
  END {
    printf "%-16s %8s %8s %8s %12s %14s %14s\n", "geometric mean", "", "", "", "",
      lua_count ? sprintf("%.2f", exp(lua_sum / lua_count)) : "-",
      luajit_count ? sprintf("%.2f", exp(luajit_sum / luajit_count)) : "-"
  }' "$work/medians"
