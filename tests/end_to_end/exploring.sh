# What tests of gilvm explore share; sourced behind common.sh.

# explore ARGUMENT...: sets `status`, fills out and err, and `outcomes`: "grade result" of each, sorted, in one line.
explore() {
  arguments=("$@") status=0
  timeout -k 1 300 "$gilvm" explore --json "$@" >out 2>err </dev/null || status=$?
  outcomes=$(grep -oE '"result":[^{}]*,"grade":"[a-z]+"' out | sed -E 's/"result":(.*),"grade":"([a-z]+)"/\2 \1/' |
    sort | paste -sd, -)
}
want_outcomes() { [[ $outcomes == "$1" ]] || complain "the outcomes are $outcomes"; }
want_schedules() { grep -q "\"schedules\":$1," out || complain "not $1 schedules"; }
want_why() { grep -qF "\"why\":\"$1\"" out || complain "it does not say why: $(grep -oE '"why":"[^"]*"' out)"; }
want_all() { grep -q '"covered":"all"' out || complain 'not all are covered'; }
# Each schedule of the last explore, replayed with the script's words, comes to the outcome it is for. One that goes round in
# loops for ever does so: the run leaves the schedule at its end, or, if one thread is left, has no more steps, and no end.
want_replays() {
  local result grade schedule rest limit replay_status
  while IFS=$'\t' read -r result grade schedule rest; do
    limit=100s
    [[ $rest == *'go round in loops'* ]] && limit=1s
    "$gilvm" replay --json "--timeout=$limit" "$schedule" "$@" >replayed 2>replay_errors </dev/null
    replay_status=$?
    if [[ $limit == 1s ]]; then
      ((replay_status == 4 || replay_status == 124)) || complain "the replay of a loop ends with $replay_status"
      continue
    fi
    case $grade in
      deadlock) ((replay_status == 3)) || complain "the replay of a deadlock ends with $replay_status" ;;
      error) ((replay_status == 1)) || complain "the replay of an error ends with $replay_status" ;;
      *) grep -qF "\"observed\":$result," replayed || complain "the replay of $result observes something else" ;;
    esac
    ! grep -q 'leaves the schedule' replay_errors || complain "the replay of $grade $result leaves its schedule"
  done < <(grep -oE '"result":[^{}]*,"grade":"[a-z]+","count":[0-9]+,"switches":[0-9]+,"schedule":"[^"]*"[^{}]*' out |
    sed -E 's/"result":(.*),"grade":"([a-z]+)".*"schedule":"([^"]*)"(.*)/\1\t\2\t\3\t\4/')
}
