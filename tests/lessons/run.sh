#!/usr/bin/env bash
# Checks the lessons: every page exists in both languages with as many headings; every exercise fails as it is given
# and its solution passes; every command that a page tells the reader to run ends as the page says.
#
# A command is a line that begins with `gilvm` in a block that begins with ```sh. It runs in the top folder, and ends well,
# or with the number that a comment behind it ends with.
# What they print is not checked: the pages' figures are from one machine.
#
# What is the same on every machine stands in a block that begins with ```console: lines `$ gilvm ...`, each with what that
# prints in the page's language. --write puts there what is printed now.
set -u -o pipefail
export LC_ALL=C

readonly usage='usage: run.sh [--gilvm PATH] [--write] [LESSON...]'
tests_directory=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly tests_directory
readonly repository=${tests_directory%/tests/lessons}
readonly lessons_directory=docs/lessons
readonly languages=(en pt-BR)
readonly time_limit=600  # seconds for one command

fail_usage() {
  printf 'run.sh: %s; %s\n' "$1" "$usage" >&2
  exit 2
}

gilvm=$repository/build/release/vm/gilvm
lessons=()
write=
while (($# > 0)); do
  case $1 in
    --gilvm)
      (($# > 1)) || fail_usage '--gilvm needs a path'
      gilvm=$2
      shift 2
      ;;
    --write)
      write=1
      shift
      ;;
    --help)
      printf '%s\n' "$usage"
      exit 0
      ;;
    -*) fail_usage "unknown option '$1'" ;;
    *)
      lessons+=("$1")
      shift
      ;;
  esac
done
[[ -f $gilvm && -x $gilvm ]] || fail_usage "no program at $gilvm"
gilvm=$(realpath "$gilvm")
cd "$repository" || exit 2

# The pages' commands find the program as `gilvm`, and settings of whoever runs this do not reach it.
bin_directory=$(mktemp -d)
readonly bin_directory
trap 'rm -rf "$bin_directory"' EXIT
ln -s "$gilvm" "$bin_directory/gilvm"
export PATH=$bin_directory:$PATH
for variable in $(compgen -e); do
  [[ $variable == GILVM_* ]] && unset "$variable"
done

passed=0
failed=0
pass() { passed=$((passed + 1)); }
fail() {
  failed=$((failed + 1))
  printf 'FAILED %s\n' "$1"
}

# The headings of a page, without lines of code blocks that begin with #.
count_headings() {
  awk '/^```/ { inside = !inside; next } !inside && /^#/ { count++ } END { print count + 0 }' "$1"
}

commands_of() {
  awk '/^```/ { inside = !inside; shell = inside && $0 == "```sh"; next } shell && /^gilvm( |$)/' "$1"
}

check_pages() {
  local lesson=$1 language page headings='' count
  for language in "${languages[@]}"; do
    page=$lessons_directory/$lesson.$language.md
    if [[ ! -f $page ]]; then
      fail "$page: missing"
      continue
    fi
    count=$(count_headings "$page")
    if [[ -n $headings && $count != "$headings" ]]; then
      fail "$page: $count headings, and $headings in ${languages[0]}"
    elif ((count == 0)); then
      fail "$page: no headings"
    else
      pass
    fi
    headings=$count
  done
  if [[ -f scripts/$lesson.lua ]]; then pass; else fail "scripts/$lesson.lua: missing"; fi
}

# run_script FILE EXPECTED_STATUS...: any of them
run_script() {
  local output status
  if [[ ! -f $1 ]]; then
    fail "$1: missing"
    return
  fi
  output=$(timeout "$time_limit" gilvm run "$1" 2>&1 </dev/null)
  status=$?
  if [[ " ${*:2} " == *" $status "* ]]; then
    pass
  else
    fail "$1: exit status $status instead of ${*:2}"
    printf '%s\n' "$output" | sed 's/^/    /'
  fi
}

declare -A already_run
check_commands() {
  local page=$1 command output status expected
  while IFS= read -r command; do
    # Both languages give the same commands; once is enough.
    [[ -z ${already_run[$command]-} ]] || continue
    already_run[$command]=1
    output=$(timeout "$time_limit" bash -c "$command" 2>&1 </dev/null)
    status=$?
    expected=0
    [[ $command =~ '#'.*\ ([0-9]+)$ ]] && expected=${BASH_REMATCH[1]}
    if ((status == expected)); then
      pass
    else
      fail "$page: exit status $status: $command"
      printf '%s\n' "$output" | sed 's/^/    /'
    fi
  done < <(commands_of "$page")
}

# The page with what its commands print now.
printed_now() {
  local page=$1 language=$2 line inside=
  while IFS= read -r line; do
    if [[ -z $inside || $line == '```' ]]; then
      inside=
      [[ $line == '```console' ]] && inside=1
      printf '%s\n' "$line"
    elif [[ $line == '$ gilvm '* ]]; then
      printf '%s\n' "$line"
      GILVM_LANG=$language timeout "$time_limit" bash -c "${line#\$ }" 2>/dev/null </dev/null
    fi
  done <"$page"
}

check_printed() {
  local page=$1 language=$2
  grep -qx '```console' "$page" || return
  printed_now "$page" "$language" >"$bin_directory/page"
  if [[ -n $write ]]; then
    cat "$bin_directory/page" >"$page"
  elif ! cmp -s "$page" "$bin_directory/page"; then
    fail "$page: its commands print something else"
    diff "$page" "$bin_directory/page" | sed 's/^/    /'
    return
  fi
  pass
}

if ((${#lessons[@]} == 0)); then
  while IFS= read -r lesson; do
    lessons+=("$lesson")
  done < <(
    for page in "$lessons_directory"/*.en.md "$lessons_directory"/*.pt-BR.md; do
      name=${page##*/}
      name=${name%.md}
      printf '%s\n' "${name%.*}"
    done | sort -u
  )
fi

for lesson in "${lessons[@]}"; do
  check_pages "$lesson"
  run_script "$lessons_directory/exercises/$lesson.lua" 1 3  # an error, or a deadlock
  run_script "$lessons_directory/exercises/$lesson.solution.lua" 0
  for language in "${languages[@]}"; do
    page=$lessons_directory/$lesson.$language.md
    [[ -f $page ]] || continue
    check_commands "$page"
    check_printed "$page" "$language"
  done
done

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
