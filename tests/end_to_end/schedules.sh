#!/usr/bin/env bash
# Random programs of several threads, each run twice under a deterministic schedule: the same output, the same
# schedule, and the same steps, though the second run has another allocator, time zone and environment, and begins
# elsewhere, and a third one speaks another language; and a replay that leaves it nowhere.
count=200
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

failed=0 differing=0
complain() {
  failed=$((failed + 1))
  printf 'FAILED program %d: %s (%s)\n' "$program" "$1" "${flags[*]}"
}
kinds=(random round-robin pct)
# Of the allocator: what it gives is filled with something, most of it mapped on its own, so at other addresses.
elsewhere() {
  (
    cd elsewhere || exit 1
    env HOME=/ TZ=Asia/Tokyo MALLOC_PERTURB_=165 MALLOC_MMAP_THRESHOLD_=4096 MALLOC_ARENA_MAX=1 \
      FILLING="$(printf '%*s' "$((program * 37))" '')" "$gilvm" "$@"
  )
}
mkdir elsewhere
for ((program = 1; program <= count; ++program)); do
  "$gilvm" "$here/random_threads.lua" "$program" >program.lua || exit 1
  flags=("--schedule=${kinds[program % 3]}" "--seed=$program" --stats)
  ((program % 2)) && flags+=(--no-gil)
  ((program % 5 == 0)) && flags+=(--switch-interval=7i)
  "$gilvm" run "${flags[@]}" program.lua >out.1 2>err.1
  status=$?
  cp program.lua elsewhere
  elsewhere run "${flags[@]}" program.lua >out.2 2>err.2
  [[ $? == "$status" ]] || complain 'the exit status differs'
  cmp -s out.1 out.2 || complain 'the output differs'
  cmp -s err.1 err.2 || complain 'the statistics or the schedule differ'
  grep -q '^schedule: ' err.1 || complain 'there is no schedule'
  "$gilvm" replay err.1 program.lua >out.3 2>err.3
  [[ $? == "$status" ]] || complain "the replay's exit status differs"
  cmp -s out.1 out.3 || complain "the replay's output differs"
  if ((program % 4 == 0)); then
    "$gilvm" replay --steps err.1 program.lua >steps.1 2>/dev/null
    cp err.1 elsewhere
    elsewhere replay --steps err.1 program.lua >steps.2 2>/dev/null
    cmp -s steps.1 steps.2 || complain 'the steps differ'
    [[ -s steps.1 ]] || complain 'there are no steps'
    LC_ALL=pt_BR.UTF-8 "$gilvm" run "${flags[@]}" program.lua >out.5 2>err.5
    cmp -s out.1 out.5 || complain 'the output depends on the language'
    [[ "$(sed -n 's/^escalonamento: //p' err.5)" == "$(sed -n 's/^schedule: //p' err.1)" ]] ||
      complain 'the schedule depends on the language'
  fi
  "$gilvm" run "${flags[@]/#--seed=*/--seed=0}" program.lua >out.4 2>/dev/null
  cmp -s out.1 out.4 || differing=$((differing + 1))
done
# Not each: a program may have nothing that a seed could change.
if ((differing * 2 < count)); then
  printf 'FAILED another seed made a difference to %d of %d programs only\n' "$differing" "$count"
  failed=$((failed + 1))
fi
printf '%d programs, %d failed\n' "$count" "$failed"
((failed == 0))
