# What the scripts here begin with, each by
#
#   source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
#
# Takes the words --gilvm PATH and, of a script that has set `count`, --count N. Sets `gilvm`, and `here` to this folder;
# enters an empty folder, which goes away at the end, without the user's settings. Messages are English unless a check asks for
# others, and lengths are counted in characters.
#
# A check is a sentence: it failed if `problem` was set before conclude says it.
set -u -o pipefail

usage="usage: $(basename "$0") --gilvm PATH${count:+ [--count N]}"
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
while (($# >= 2)); do
  case $1 in
    --gilvm) gilvm=$(realpath -- "$2") ;;
    --count) [[ -n ${count:-} ]] || break; count=$2 ;;
    *) break ;;
  esac
  shift 2
done
[[ $# == 0 && -f ${gilvm:-} && -x $gilvm ]] || { printf '%s\n' "$usage" >&2; exit 2; }
readonly usage here gilvm

export LC_ALL=C.UTF-8 TERM=dumb
unset LANG LANGUAGE NO_COLOR
for variable in "${!GILVM_@}"; do unset "$variable"; done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

passed=0 failed=0 problem=
: >out
: >err
complain() { [[ -n $problem ]] || problem=$1; }
conclude() {
  if [[ -z $problem ]]; then
    passed=$((passed + 1))
  else
    failed=$((failed + 1))
    printf 'FAILED %s: %s\n' "$1" "$problem"
    sed 's/^/    stdout: /' out | cut -c 1-300 | head -n 40
    sed 's/^/    stderr: /' err | head -n 8
  fi
  problem=
}
want_status() { ((status == $1)) || complain "exit status $status instead of $1"; }
