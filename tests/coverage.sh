#!/usr/bin/env bash
# Which lines of vm/ the unit tests, the differential cases and the library's scripts run: builds the preset `coverage`,
# runs them, and prints for each file of the folders its lines and the share of them that ran.
#
#   coverage.sh [--lines] [--report] [FOLDER...]   folders of vm/: vm/interp vm/object vm/heap, if none is named
#
#   --lines    prints each line that did not run, too
#   --report   prints what the last run counted
#
# Not seen are children (multiprocessing, --processes) and what a time-out ends: they end by _exit, which writes no counts.
set -euo pipefail
cd "$(dirname "$0")/.."
readonly build=build/coverage

lines=no run=yes folders=()
while (($# > 0)); do
  case $1 in
    --lines) lines=yes ;;
    --report) run=no ;;
    -*)
      printf 'usage: coverage.sh [--lines] [--report] [FOLDER...]\n' >&2
      exit 2
      ;;
    *) folders+=("${1%/}") ;;
  esac
  shift
done
((${#folders[@]} > 0)) || folders=(vm/interp vm/object vm/heap)
command -v gcovr >/dev/null || { printf 'coverage.sh: install the Debian package gcovr\n' >&2; exit 2; }

failed=0
if [[ $run == yes ]]; then
  cmake --preset coverage >/dev/null
  cmake --build --preset coverage -- --quiet
  find "$build" -name '*.gcda' -delete
  for program in "$build"/tests/*_test; do "$program" || failed=1; done
  tests/differential/run.sh --gilvm "$build/vm/gilvm" --cases || failed=1
  tests/differential/library.sh "$build/vm/gilvm" || failed=1
fi

report=$(mktemp)
trap 'rm -f "$report"' EXIT
gcovr -j "$(nproc)" --root . "${folders[@]/#/--filter=}" --json "$report" "$build"
gcovr --root . --add-tracefile "$report" --txt
if [[ $lines == yes ]]; then
  python3 - "$report" <<'PROGRAM'
import json, sys

for file in json.load(open(sys.argv[1]))["files"]:
    text = open(file["file"]).read().splitlines()
    for line in file["lines"]:
        if line["count"] == 0 and not line["gcovr/noncode"]:
            print("{}:{}: {}".format(file["file"], line["line_number"], text[line["line_number"] - 1].strip()))
PROGRAM
fi
exit "$failed"
