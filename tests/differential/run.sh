#!/usr/bin/env bash
# Compares gilvm with lua5.4, the oracle: on random programs (generate.lua) or on the hand-written ones (cases/).
#
# Compared: standard output, the exit status, and the first line of standard error without the program's name
# ("lua5.4: ", "gilvm: "); what follows that line is a traceback, whose wording is each interpreter's own.
# Programs run inside their folder under a short name, since messages contain the script's name.
set -u -o pipefail
export LC_ALL=C

readonly usage='usage: run.sh [--gilvm COMMAND] (--count N [--seed S] | --cases [NAME...]) [--keep DIR]'
differential_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly differential_directory
readonly repository=${differential_directory%/tests/differential}

# Programs per generator process: enough to make its start cheap, few enough to keep the temporary folder small.
readonly batch_size=500
readonly time_limit=60
# Failures that are kept and printed; the rest is only counted, since the same fault fails again and again.
readonly kept_failures=20

fail_usage() {
  printf 'run.sh: %s; %s\n' "$1" "$usage" >&2
  exit 2
}

gilvm=$repository/build/release/vm/gilvm
count='' seed='' cases=no keep=$repository/build/differential-failures
names=()
while (($# > 0)); do
  case $1 in
    --gilvm | --keep)
      (($# > 1)) || fail_usage "$1 needs a value"
      if [[ $1 == --gilvm ]]; then gilvm=$2; else keep=$2; fi
      shift 2
      ;;
    --count)
      [[ ${2:-} =~ ^[1-9][0-9]{0,8}$ ]] || fail_usage '--count takes a number from 1 to 999999999'
      count=$2
      shift 2
      ;;
    --seed)
      [[ ${2:-} =~ ^(0|[1-9][0-9]{0,17})$ ]] || fail_usage '--seed takes a number of up to 18 digits'
      seed=$2
      shift 2
      ;;
    --cases)
      cases=yes
      shift
      ;;
    -*) fail_usage "unknown option '$1'" ;;
    *)
      names+=("$(basename "$1" .lua)")
      shift
      ;;
  esac
done
if [[ $cases == yes ]]; then
  [[ -z $count && -z $seed ]] || fail_usage '--cases goes without --count and --seed'
else
  [[ -n $count ]] || fail_usage 'give --count or --cases'
  ((${#names[@]} == 0)) || fail_usage "unexpected argument '${names[0]}'"
fi

# A command with arguments is accepted too. The programs run in another folder: a relative path is made absolute.
if command -v -- "$gilvm" >/dev/null; then
  gilvm_command=("$gilvm")
else
  read -r -a gilvm_command <<<"$gilvm"
  command -v -- "${gilvm_command[0]:-}" >/dev/null || fail_usage "cannot run '$gilvm'"
fi
[[ ${gilvm_command[0]} == */* ]] && gilvm_command[0]=$(realpath -- "${gilvm_command[0]}")
command -v lua5.4 >/dev/null || fail_usage 'lua5.4 is not installed'
keep=$(realpath -m -- "$keep")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

passed=0 failed=0

# first_error_line FILE: sets `error_line`. Reads without starting a process, as this runs for every program.
first_error_line() {
  error_line=
  IFS= read -r error_line <"$1"
  if [[ $error_line =~ ^([^[:space:]:]*/)?(lua5\.4|gilvm):' ' ]]; then
    error_line=${error_line:${#BASH_REMATCH[0]}}
  fi
}

# 5.4.4 reports an integer division by zero at the line of an instruction that ran before it.
without_stale_lines() {
  sed -E 's/:[0-9]+: attempt to (divide by zero|perform .n%)/:?: attempt to \1/' "$1"
}

# compare FOLDER NAME LABEL: runs FOLDER/NAME.lua in both.
compare() {
  local folder=$1 name=$2 label=$3 oracle_status=0 gilvm_status=0 oracle_line problem=
  cd "$folder" || exit 1
  timeout "$time_limit" lua5.4 "$name.lua" >"$work/oracle.out" 2>"$work/oracle.err" </dev/null || oracle_status=$?
  timeout "$time_limit" "${gilvm_command[@]}" "$name.lua" >"$work/gilvm.out" 2>"$work/gilvm.err" </dev/null ||
    gilvm_status=$?
  first_error_line "$work/oracle.err"
  oracle_line=$error_line
  first_error_line "$work/gilvm.err"
  if ((oracle_status == 124)); then
    problem="lua5.4 itself did not end within $time_limit s: a fault of the program"
  elif ((oracle_status != gilvm_status)); then
    problem="exit status $gilvm_status instead of $oracle_status"
    ((gilvm_status == 124)) && problem="did not end within $time_limit s"
  elif ! cmp -s "$work/oracle.out" "$work/gilvm.out" &&
    ! cmp -s <(without_stale_lines "$work/oracle.out") <(without_stale_lines "$work/gilvm.out"); then
    problem='standard output differs'
  elif [[ $oracle_line != "$error_line" ]]; then
    problem='the first line of standard error differs'
  fi
  if [[ -z $problem ]]; then
    passed=$((passed + 1))
    return
  fi
  failed=$((failed + 1))
  ((failed <= kept_failures)) || return 0
  mkdir -p "$keep" || exit 1
  cp "$name.lua" "$keep/$name.lua"
  local stream interpreter
  for interpreter in oracle gilvm; do
    for stream in out err; do cp "$work/$interpreter.$stream" "$keep/$name.$interpreter.$stream"; done
  done
  printf 'FAILED %s: %s: %s\n' "$label" "$problem" "$keep/$name.lua"
  # The first difference is usually enough to see what is wrong; the first failure shows it.
  if ((failed == 1)); then
    diff -a --label lua5.4 --label gilvm -U 1 "$work/oracle.out" "$work/gilvm.out" | head -n 12
    [[ $oracle_line == "$error_line" ]] || printf 'stderr: lua5.4: %s\nstderr: gilvm:  %s\n' "$oracle_line" "$error_line"
  fi
}

if [[ $cases == yes ]]; then
  if ((${#names[@]} == 0)); then
    for file in "$differential_directory"/cases/*.lua; do names+=("$(basename "$file" .lua)"); done
  fi
  for name in "${names[@]}"; do
    [[ -f $differential_directory/cases/$name.lua ]] || fail_usage "no case '$name' in tests/differential/cases"
    compare "$differential_directory/cases" "$name" "case $name"
  done
else
  # Another day, other programs; the seeds are printed so that any run can be repeated.
  : "${seed:=$((EPOCHSECONDS * 1000))}"
  last=$((seed + count - 1))
  printf 'seeds %d to %d\n' "$seed" "$last"
  mkdir "$work/programs"
  for ((first = seed; first <= last; first += batch_size)); do
    size=$((last - first + 1 < batch_size ? last - first + 1 : batch_size))
    lua5.4 "$differential_directory/generate.lua" "$first" "$size" "$work/programs" || exit 1
    for ((number = first; number < first + size; number++)); do
      compare "$work/programs" "$number" "seed $number"
    done
    rm -f "$work/programs"/*.lua
  done
fi

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
