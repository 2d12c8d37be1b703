#!/usr/bin/env bash
# The known answers of model checking. Each model is a script that gilvm explores (NAME.lua) and the same in Promela
# (NAME.pml), which Spin checks by going through all of its states, without reduction. Both have the same steps, so both come
# to the same verdict and to the same outcomes, those that stand here.
#
# An outcome is what `observe` returns, and in Promela what the end of `init` prints; or the word deadlock. A model holds
# if each of its outcomes is the expected one: no other grade, and no error that Spin finds.
#
# --fewer: without a GIL only, and without the buffer, of which there are the most schedules.
fewer=
if [[ ${1:-} == --fewer ]]; then
  fewer=1
  shift
fi
source "$(dirname "${BASH_SOURCE[0]}")/../end_to_end/common.sh"
source "$here/exploring.sh"
models=$(dirname "$here")/models
readonly fewer models

compiler=${CC:-cc}
for tool in spin "$compiler"; do
  command -v "$tool" >/dev/null || { printf 'run.sh: no program %s\n' "$tool" >&2; exit 1; }
done

one_line() { sort -u | paste -sd ' ' -; }

# pan ARGUMENT...: one search by Spin's verifier. Sets `errors` to the number that it found, and fills found.
# Whatever it says that is not known here counts as a failure.
pan() {
  ./pan -n -w16 -m100000 -c0 "$@" >found 2>&1 || complain "pan $* ends with $?"
  errors=$(sed -nE 's/^State-vector .*, errors: ([0-9]+)$/\1/p' found)
  if [[ -z $errors ]] || ! grep -qx 'Full statespace search for:' found; then
    complain "pan $* did not search all: $(head -n 3 found)"
  fi
  local unknown
  unknown=$(grep -E '^(pan|Warning|warning|error|Search)|outcome|max search depth' found |
    grep -vxE 'outcome ("[a-z]+"|true|false|-?[0-9]+)|pan:1: (assertion violated .*|invalid end state .*|non-progress cycle .*)' |
    grep -vE '^pan: (elapsed|rate) ')
  [[ -z $unknown ]] || complain "pan $* says: $unknown"
}

# verify NAME DEFINITION...: sets `verdict` and `values` to what Spin finds.
verify() {
  local name=$1 messages
  shift
  verdict=holds values=
  messages=$(spin -a "$@" "$models/$name.pml" 2>&1) && [[ -z $messages ]] || complain "spin: $messages"
  messages=$("$compiler" -w -O0 -DPRINTF -DNOREDUCE -o pan pan.c 2>&1) || complain "pan.c: $messages"
  # Assertions, and what is printed; then threads that wait for ever; then such that go round for ever, as no fair scheduler
  # ends (cycles without progress, under weak fairness).
  pan -E
  values=$(sed -n 's/^outcome //p' found)
  ((errors == 0)) || verdict=fails
  pan -A
  local stuck=$errors
  messages=$("$compiler" -w -O0 -DPRINTF -DNOREDUCE -DNP -o pan pan.c 2>&1) || complain "pan.c: $messages"
  pan -A -E -l -f
  if ((stuck + errors > 0)); then
    verdict=fails
    values+=$'\ndeadlock'
  fi
  values=$(grep . <<<"$values" | one_line)
}

# in_the_pages ROW: the table of models says so, in both languages.
in_the_pages() {
  local page
  for page in exploring.md exploring.pt-BR.md; do
    # Not behind a pipe: where grep ends at its first find, sed is stopped, and the pipe fails.
    grep -qF -e "$1 |" -e "$1: " < <(sed 's/ | sim | / | yes | /; s/ | não | / | no | /' "$models/../../docs/$page") ||
      complain "docs/$page has no row $1"
  done
}

# model SENTENCE VERDICT OUTCOMES THREADS NAME [WORD]: both tools come to the verdict and to the outcomes, and the pages say
# so. WORD is the script's argument, and what is defined in Promela: N if it is a number.
slow=
traces=
model() {
  local sentence=$1 wanted_verdict=$2 wanted=$3 threads=$4 name=$5 word=${6:-}
  local script=("$models/$name.lua" ${word:+"$word"}) definitions=() locks=(--no-gil) lock
  case $word in
    '') ;;
    *[!0-9]*) definitions=("-D$word") ;;
    *) definitions=("-DN=$word") ;;
  esac
  [[ -n $slow || -n $fewer ]] || locks+=(--gil)

  for lock in "${locks[@]}"; do
    explore "$lock" "--threads=$threads" "${script[@]}"
    want_all
    [[ $wanted == *deadlock* ]] && want_status 3 || want_status 0
    [[ -z $traces ]] || want_schedules "$traces"
    values=$(tr , '\n' <<<"$outcomes" | sed -E 's/^(deadlock|error) .*/\1/; s/^(expected|inconsistent) //' | one_line)
    [[ $values == "$wanted" ]] || complain "gilvm $lock finds $values"
    verdict=holds
    [[ ,$outcomes =~ ,(inconsistent|deadlock|error) ]] && verdict=fails
    [[ $verdict == "$wanted_verdict" ]] || complain "in gilvm $lock it $verdict"
    want_replays "${script[@]}"
  done

  local command=tests/models/$name.lua${word:+ $word} holds=no listed=${wanted// /, }
  ((threads == 2)) || command="--threads=$threads $command"
  [[ $wanted_verdict == fails ]] || holds=yes
  in_the_pages "| \`$command\` | $holds | ${listed//\"/}"

  verify "$name" "${definitions[@]}"
  [[ $values == "$wanted" ]] || complain "Spin finds $values"
  [[ $verdict == "$wanted_verdict" ]] || complain "in Spin it $verdict"
  conclude "$sentence"
}

model 'one addition each: 1 or 2' fails '1 2' 2 additions 1
model 'two additions each: 2 to 4' fails '2 3 4' 2 additions 2
model 'three additions each: 2 to 6' fails '2 3 4 5 6' 2 additions 3
traces=4
model 'two writes in the same order have four traces' fails '11 12 21 22' 2 two_writes same
traces=3
model 'two writes in opposite orders have three traces' fails '11 21 22' 2 two_writes opposite
traces=

model "Peterson's lock excludes" holds 2 2 peterson
model "Peterson's lock without its first line does not" fails '1 2' 2 peterson broken
model "Peterson's lock without turns lets both wait for ever" fails '2 deadlock' 2 peterson no_turn
model "Dekker's lock excludes" holds 2 2 dekker
model "Dekker's lock without its first line does not" fails '1 2' 2 dekker broken
model 'a ticket lock excludes' holds 2 2 ticket_lock
model 'two may have the same ticket if it is taken in two steps' fails '1 2 deadlock' 2 ticket_lock broken

model 'philosophers may starve' fails '"fed" deadlock' 3 philosophers
model 'who takes the lower fork first does not' holds '"fed"' 3 philosophers ordered
if [[ -z $fewer ]]; then
  slow=1
  model 'a buffer that is looked at once is emptied twice' fails 'false true' 3 bounded_buffer once
  model 'a buffer that is looked at again is not' holds false 3 bounded_buffer
  slow=
fi
model 'double-checked initialisation makes one object' holds 10 2 double_checked
model 'without the second look it makes two' fails '10 20' 2 double_checked once
model 'an object that is shown too early is seen without its value' fails '10 11' 2 double_checked early
model 'readers never see a write by half' holds 0 3 readers_writers
model 'unless the writer does not ask for the room' fails '0 1 2' 3 readers_writers broken
model 'a lock-free stack has the ABA problem' fails '11 12' 2 aba_stack
model 'a number beside its top cures it' holds 11 2 aba_stack tagged

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
