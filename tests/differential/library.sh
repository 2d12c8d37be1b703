#!/usr/bin/env bash
# Runs the scripts of tests/lib with gilvm and with lua5.4, and compares what they print.
#
#   library.sh GILVM
set -euo pipefail
gilvm=$(realpath -- "${1:?usage: library.sh GILVM}")
cd "$(dirname "$0")/../lib"
passed=0 failed=0
for script in *.lua; do
  if difference=$(diff <(lua5.4 "$script" 2>&1) <("$gilvm" "$script" 2>&1)); then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s (< lua5.4, > gilvm)\n%s\n' "$script" "$(head -n 10 <<<"$difference")"
  fi
done
printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
