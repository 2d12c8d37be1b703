#!/usr/bin/env bash
# Random experiments, each explored twice: with the reduction, and in all orders that there are. Both come to the same
# outcomes.
count=40
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

outcomes() {
  timeout -k 1 600 "$gilvm" explore --json "$@" program.lua 2>/dev/null </dev/null >explored
  grep -oE '"result":[^{}]*,"grade":"[a-z]+"' explored | sort -u
}
failed=0 several=0
for ((program = 1; program <= count; ++program)); do
  "$gilvm" "$here/random_experiment.lua" "$program" >program.lua || exit 1
  lock=--no-gil
  ((program % 4 == 0)) && lock=--gil
  reduced=$(outcomes "$lock")
  all=$(outcomes "$lock" --preemptions=1000 --max-schedules=300)
  # Where there are too many orders, those that were run come to some of the outcomes.
  if grep -q '"covered":"partial"' explored; then
    missing=$(comm -13 <(printf '%s\n' "$reduced") <(printf '%s\n' "$all"))
  else
    missing=$(comm -3 <(printf '%s\n' "$reduced") <(printf '%s\n' "$all"))
  fi
  if [[ -z $all || -n $missing ]]; then
    failed=$((failed + 1))
    printf 'FAILED program %d (%s): %s\n' "$program" "$lock" "$missing"
  fi
  (($(wc -l <<<"$all") > 1)) && several=$((several + 1))
done
# Or there would be nothing to find.
if ((several * 4 < count)); then
  printf 'FAILED %d of %d programs only have several outcomes\n' "$several" "$count"
  failed=$((failed + 1))
fi
printf '%d programs, %d failed\n' "$count" "$failed"
((failed == 0))
