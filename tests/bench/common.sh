# What run.sh and parallel.sh begin with: their words, and how a command is measured.
#
# Who sources it has set `programs_directory`, where the programs are, and `TIMEFORMAT`, what `time` says of each run. It gets
# `gilvm`, `rounds` and `programs` (all, unless some were named), and in `work` an empty folder that goes away at the end.
set -u -o pipefail
export LC_ALL=C
source "$(dirname "${BASH_SOURCE[0]}")/median.sh"

script=$(basename "$0")
readonly script usage="usage: $script [--gilvm PATH] [--rounds N] [PROGRAM...]"

fail_usage() {
  printf '%s: %s; %s\n' "$script" "$1" "$usage" >&2
  exit 2
}

gilvm=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/release/vm/gilvm
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
      program=$(basename "$1" .lua)
      [[ -f $programs_directory/$program.lua ]] || fail_usage "no program '$program' in $programs_directory"
      programs+=("$program")
      shift
      ;;
  esac
done
if ((${#programs[@]} == 0)); then
  for program in "$programs_directory"/*.lua; do programs+=("$(basename "$program" .lua)"); done
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# measure LABEL COMMAND...: appends what `time` says to the label's file; the output is left in $work/output.
measure() {
  local label=$1 status=0
  shift
  # The program's own stderr is kept apart from the line that `time` writes.
  { time "$@" >"$work/output" 2>"$work/errors"; } 2>"$work/time" || status=$?
  if ((status != 0)); then
    printf '%s: %s: exit status %d: %s\n' "$script" "$*" "$status" "$(head -n 1 "$work/errors")" >&2
    exit 1
  fi
  cat "$work/time" >>"$work/$label"
}
