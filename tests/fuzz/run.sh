#!/usr/bin/env bash
# Runs the fuzz targets and keeps what they find; fails when there is something (docs/fuzzing.md).
#
#   tests/fuzz/run.sh MINUTES [TARGET...]     5, or 20s for seconds; targets: chunk, source (default: both in turn)
#
# build/fuzz/corpus/TARGET keeps the inputs that reach something new, for the next run; build/fuzz/findings/TARGET the
# inputs that fail.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly usage='usage: run.sh MINUTES|SECONDSs [chunk] [source]'
case ${1:-} in
  *[!0-9s]* | '' | s | *s?*) printf '%s\n' "$usage" >&2; exit 2 ;;
  *s) seconds=${1%s} ;;
  *) seconds=$(($1 * 60)) ;;
esac
shift
targets=("$@")
((${#targets[@]} > 0)) || targets=(chunk source)

readonly built=build/fuzz
seeds=$(mktemp -d)
trap 'rm -rf "$seeds"' EXIT
mapfile -t programs < <(git ls-files '*.lua')

# The repository's own programs are where both targets start: as they are, and as chunks with and without names.
make_seeds() {
  local program name
  for program in "${programs[@]}"; do
    name=${program//\//_}
    case $1 in
      chunk)
        luac5.4 -o "$seeds/$1/$name" "$program" 2>/dev/null || continue  # some are wrong on purpose
        luac5.4 -s -o "$seeds/$1/stripped_$name" "$program"
        ;;
      source) cp "$program" "$seeds/$1/$name" ;;
    esac
  done
}

# Deep recursion is refused by count, which frames with red zones around them need more of the stack to reach.
ulimit -s 65536
export ASAN_OPTIONS=detect_stack_use_after_return=0
export UBSAN_OPTIONS=print_stacktrace=1

failures=0
for target in "${targets[@]}"; do
  [[ -x $built/tests/fuzz/fuzz_$target ]] || { printf 'run.sh: fuzz_%s is not built\n' "$target" >&2; exit 2; }
  corpus=$built/corpus/$target findings=$built/findings/$target
  mkdir -p "$seeds/$target" "$corpus" "$findings"
  make_seeds "$target"
  # What is slow on a busy machine is no finding; what does not end within a minute is.
  options=(-max_total_time="$seconds" -timeout=60 -report_slow_units=3600 -rss_limit_mb=2048 -max_len=16384 -print_funcs=0
    -artifact_prefix="$findings/" -fork=1 -ignore_crashes=1 -ignore_ooms=1 -ignore_timeouts=1)
  [[ $target == source ]] && options+=(-dict=tests/fuzz/lua.dict)
  "$built/tests/fuzz/fuzz_$target" "${options[@]}" "$corpus" "$seeds/$target" >"$findings/log" 2>&1 || true
  # Nothing done is no success: the line stands there when the target has run.
  grep -q 'INFO: exiting' "$findings/log" || { tail -n 20 "$findings/log" >&2; exit 1; }
  grep -E '^#[0-9]+:' "$findings/log" | tail -n 1
  found=$(find "$findings" -type f ! -name log | wc -l)
  printf '%s: %d findings in %s\n' "$target" "$found" "$findings"
  failures=$((failures + found))
done
((failures == 0))
