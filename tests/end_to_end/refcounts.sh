#!/usr/bin/env bash
# --refcounts: the ledger of reference counts balances wherever a lock makes an assignment whole, and not elsewhere. --count N:
# for N of the hand-written cases, and for scripts that do so much less than with 200.
count=200
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
repository=${here%/tests/end_to_end}

readonly balances='reference counts: the ledger balances ('
gil_run() { timeout 120 "$gilvm" run "$@" >out 2>err </dev/null; status=$?; }
want_balance() { grep -qF "$balances" err || complain 'the ledger does not balance'; }
want_no_balance() { grep -q '^reference counts: the ledger does not balance; ' err || complain 'the ledger balances'; }
want_text() { grep -qF -- "$2" "$1" || complain "no '$2' in $1"; }

# What each of these does goes through the ledger: every kind of store, native functions, finalizers, weak tables.
mkdir cases && cp "$repository"/tests/differential/cases/*.lua cases
rm cases/error_syntax.lua  # nothing runs
files=(cases/*.lua)
for ((index = 0; index < ${#files[@]}; index += (${#files[@]} + count - 1) / count)); do
  case=${files[index]}
  (cd cases && timeout 120 "$gilvm" run --refcounts "${case#cases/}" >../out 2>../err </dev/null)
  want_balance
  conclude "under the GIL the ledger of ${case#cases/} balances"
done
turns=$((count * 100))
scripts=("lost_update $turns" "broken_list insert $turns" "simple_assignment $turns" my_list producer_consumer callbacks_and_futures
  keep_your_tasks every_interleaving)
((count < 200)) || scripts+=(locks)  # which takes no number
for lock in gil object; do
  for points in every loops; do
    [[ $lock == object && $points == loops ]] && continue
    for script in "${scripts[@]}"; do
      read -ra words <<<"$script"
      words[0]=$repository/scripts/${words[0]}.lua
      gil_run --refcounts --lock="$lock" --switch-points="$points" --switch-interval=50us "${words[@]}"
      want_status 0
      want_balance
      conclude "with --lock=$lock and switch points '$points' the ledger of $script balances"
    done
  done
done

cat >shared.lua <<'LUA'
local threading = require "threading"
local N = tonumber(arg[1])
kept = {}
shared = kept
local function work() for _ = 1, N do shared = kept end end
local first, second = threading.Thread{target = work}, threading.Thread{target = work}
first:start()
second:start()
first:join()
second:join()
LUA
gil_run --refcounts --switch-interval=7i shared.lua $turns
want_balance
conclude 'a switch after every seventh instruction leaves an assignment whole'

# Threads of the system: until the ledger has gone wrong, which one round need not show.
for ((round = 1; round <= 50; ++round)); do
  gil_run --refcounts --no-gil shared.lua 2000000
  grep -qF "$balances" err || break
done
want_status 0
want_no_balance
grep -qE '^  (shared|kept) \(table\) +1 +-?[0-9]+ +2  (never freed|freed while in use)$' err || complain 'the object is not named'
conclude 'without a lock threads of the system lose counts'

gil_run --refcounts --no-gil --schedule=random --seed=2 --stats shared.lua 20
want_status 0
want_no_balance
conclude 'without a lock a seed shows a ledger that does not balance'
cp err first
gil_run --refcounts --no-gil --schedule=random --seed=2 --stats shared.lua 20
cmp -s err first || complain 'the report or the schedule differ'
conclude 'the same seed makes the same mistakes'
grep -q '^schedule: .*,none+refcounts,' first || complain 'the schedule does not say that references are counted'
timeout 60 "$gilvm" replay first shared.lua 20 >out 2>err </dev/null
status=$?
want_status 0
cmp -s <(grep -A9 '^reference counts' first | grep -v '^schedule\|^thread\|^main\|^Thread\|^all') \
  <(grep -A9 '^reference counts' err) || complain 'the replay reports something else'
conclude 'a replay counts references as the run did'
gil_run --refcounts --schedule=random --seed=2 shared.lua 20
want_balance
conclude 'with the GIL the same seed makes none'

# Counts are right also where the object is gone: made anew each time, and lost by a race.
cat >replaced.lua <<'LUA'
local threading = require "threading"
local function work() for i = 1, 20 do item = {i} end end
local first, second = threading.Thread{target = work}, threading.Thread{target = work}
first:start()
second:start()
first:join()
second:join()
item = nil
collectgarbage()
LUA
for ((seed = 1; seed <= 20; ++seed)); do
  gil_run --refcounts --no-gil --schedule=random --seed="$seed" replaced.lua
  grep -q '^  item (table) .*never freed$' err && grep -q '^  item (table) .*freed while in use$' err && break
done
((seed <= 20)) || complain 'no seed has both kinds of mistakes'
conclude 'objects that are gone are reported under the variable that held them'
gil_run --refcounts --lock=object --schedule=random --seed=1 replaced.lua
want_balance
conclude 'with a lock for each table the counts are atomic'

gil_run --refcounts --json --no-gil --schedule=random --seed=1 "$repository/scripts/simple_assignment.lua" 20
want_status 0
want_text out '"refcounts":{"balanced":false,"objects":'
want_text out '"variable":"shared","type":"table","objects":1,"counts":'
[[ $(wc -l <out) == 1 ]] || complain 'not one line'
conclude 'the JSON of an experiment has the ledger'

gil_run --refcounts --lang=pt-BR shared.lua 10
want_text err 'contagem de referências: o balanço fecha ('
gil_run --refcounts --lang=pt-BR --no-gil --schedule=random --seed=2 shared.lua 20
want_text err 'contagem de referências: o balanço não fecha; 1 de '
conclude 'the report is in Portuguese for who asks for it'

for word in "compare --refcounts shared.lua" "explore --refcounts shared.lua" "race --refcounts shared.lua" \
  "run --refcounts=3 shared.lua"; do
  read -ra words <<<"$word"
  "$gilvm" "${words[@]}" >out 2>err </dev/null
  status=$?
  want_status 2
  [[ $(wc -l <err) == 1 ]] || complain 'not one line'
  conclude "gilvm $word is refused"
done

cat >count.lua <<'LUA'
local sys = require "sys"
local function count(...) return sys.getrefcount(...) - 1 end
x = {}
assert(count(x) == 1)
y = x
assert(count(x) == 2)
list = {x, x}
assert(count(x) == 4)
table.insert(list, x)
table.insert(list, 1, x)
assert(count(x) == 6)
table.remove(list)
table.remove(list, 1)
rawset(list, "field", x)
assert(count(x) == 5)
table.sort(list, function() return false end)
table.move(list, 1, 2, 5)
assert(count(x) == 7)
list = nil
collectgarbage()
assert(count(x) == 2)
local captured = x
local function use() return captured end
assert(count(x) == 3)
captured = nil
y = nil
set = {[x] = true}
assert(count(x) == 2)
set[x] = nil
assert(count(x) == 1)
assert(count({}) == 0)
assert(count(print) >= 1 and count(coroutine.create(print)) == 0)
for _, immortal in ipairs {1, 2.5, "text", true} do assert(sys.getrefcount(immortal) == 4294967295) end
assert(sys.getrefcount(nil) == 4294967295)
local ok, message = pcall(sys.getrefcount)
assert(not ok and tostring(message):find("takes exactly one argument (0 given)", 1, true))
return use
LUA
for lock in gil object none; do
  for flag in '' --refcounts; do
    gil_run --lock="$lock" $flag count.lua
    want_status 0
    conclude "getrefcount is right with --lock=$lock ${flag:-and without a ledger}"
  done
done

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
