#!/usr/bin/env bash
# Failing schedules are shrunk before they are shown: to how many switches, for which seeds, and what a replay of them does.
# With --count 0 not to how few: a program that a sanitizer slows down comes to the end of its time before it has tried all.
count=1
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run() {
  "$gilvm" "$@" >out 2>err </dev/null
  status=$?
}
script() { cat >"$1.lua"; }
# "1 of 258", of the only schedule that the last run has shown.
switches() { grep -oE 'switches: [0-9]+ of [0-9]+' err | cut -d ' ' -f 2-; }
# want_shrunk LEFT MORE: the last run's schedule has LEFT switches, and had MORE or more.
want_shrunk() {
  local left before
  read -r left _ before < <(switches)
  [[ ${left:-none} == "$1" ]] || complain "seed $seed: ${left:-no} switches are left instead of $1"
  ((${before:-0} >= $2)) || complain "seed $seed: there were ${before:-0} switches, not $2"
}

script lost_update <<'LUA'
local N = tonumber(arg[1])
return experiment {
  name = "lost_update",
  setup = function() counter = 0 end,
  worker = function() for _ = 1, N do counter = counter + 1 end end,
  observe = function() return counter end,
  expect = function(n) return n * N end,
}
LUA
two_locks=$(cat <<'LUA'
local threading = require "threading"
local a, b = threading.Lock(), threading.Lock()
count = 0
local function work(first, second)
  return function()
    for _ = 1, 20 do count = count + 1 end
    first:acquire() second:acquire() second:release() first:release()
  end
end
LUA
)
script deadlock <<LUA
$two_locks
local one, other = threading.Thread{target = work(a, b)}, threading.Thread{target = work(b, a)}
one:start() other:start() one:join() other:join()
LUA
script deadlock_of_four <<LUA
$two_locks
local threads = {}
for i = 1, 4 do
  threads[i] = threading.Thread{target = i % 2 == 0 and work(a, b) or work(b, a)}
  threads[i]:start()
end
for i = 1, 4 do threads[i]:join() end
LUA
script error_in_worker <<'LUA'
return experiment {
  setup = function() busy = false done = 0 end,
  worker = function(i)
    for _ = 1, 20 do
      assert(not busy, "two are inside")
      busy = true done = done + 1 busy = false
    end
  end,
  observe = function() return done end,
}
LUA
script writes_file <<'LUA'
local file <close> = assert(io.open("notes", "a"))
file:write("x")
counter = 0
local threading = require "threading"
local threads = {}
for i = 1, 2 do threads[i] = threading.Thread{target = function() for _ = 1, 20 do counter = counter + 1 end end} threads[i]:start() end
for _, thread in ipairs(threads) do thread:join() end
print "end"
assert(counter == 40)
LUA
script prints <<'LUA'
print "begin"
return experiment {
  setup = function() counter = 0 end,
  worker = function(i) for _ = 1, 10 do counter = counter + 1 print(i) end end,
  observe = function() return counter end,
  expect = function(n) return n * 10 end,
}
LUA
script spins <<'LUA'
turn = 1
return experiment {
  setup = function() turn, counter = 1, 0 end,
  worker = function(i, n)
    for _ = 1, 3 do
      while turn ~= i do end
      counter = counter + 1
      turn = i % n + 1
    end
    counter = counter + 1
  end,
  observe = function() return counter end,
  expect = function(n) return n * 4 end,
}
LUA

# Somebody is stopped once, between the load and the store.
for flags in --no-gil --gil --lock=object; do
  for seed in {1..8}; do
    run run "$flags" --schedule=random "--seed=$seed" --threads=2 lost_update.lua 100
    want_status 0
    want_shrunk 1 20
    cp err first
    run run "$flags" --schedule=random "--seed=$seed" --threads=2 lost_update.lua 100
    cmp -s err first || complain "seed $seed: the same seed gives another schedule"
    run replay first lost_update.lua 100 --json
    want_status 0
    grep -q '"ok":false' out || complain "seed $seed: the replay does not fail"
    [[ ! -s err ]] || complain "seed $seed: the replay says something"
  done
  conclude "a lost update takes one switch ($flags)"
done

seed=1
run run --no-gil --schedule=random --seed=1 --threads=2 lost_update.lua 5000
want_shrunk 1 5000
conclude 'also where there were thousands'

run run --no-gil --schedule=random --seed=1 --threads=2 lost_update.lua 100 --json
grep -qF "\"shrunk\":{\"schedule\":\"$(sed 's/.* //' err)\",\"switches\":1," out || complain 'the JSON has no shrunk schedule'
own=$(grep -o '"observed":[0-9]*' out | head -n 1)
left=$(grep -o '"shrunk":{[^}]*' out | grep -o '"observed":[0-9]*')
grep -q "observed: ${left#*:})" err || complain 'it does not say what is observed then'
cp err first
run replay first lost_update.lua 100 --json
grep -q "$left," out || complain 'the replay observes something else'
[[ $own != "$left" ]] || complain 'both observe the same: this shows nothing'
conclude 'another value that is observed is said, and is what the replay observes'

found=0
for seed in {1..150}; do
  run run --schedule=random "--seed=$seed" deadlock.lua
  ((status == 3)) || continue
  found=$((found + 1))
  read -r left _ before < <(switches)
  ((before >= left && (left == 1 || (count == 0 && left == 2)))) ||
    complain "seed $seed: $left switches of $before are left"
  cp err first
  run replay first deadlock.lua
  want_status 3
  [[ $(cat err) == "$(grep -v '^schedule' first)" ]] || complain "seed $seed: the replay has another deadlock"
done
((found >= 5)) || complain "only $found deadlocks"
conclude 'a deadlock of two locks takes one switch'

# Of four threads two may end before the other two come to it, and all four may be in it.
found=0 with_one=0
for ((seed = 1; seed <= 60 * count; ++seed)); do
  run run --schedule=random "--seed=$seed" deadlock_of_four.lua
  ((status == 3)) || continue
  found=$((found + 1))
  read -r left _ _ < <(switches)
  with_one=$((with_one + (left == 1)))
done
((found >= 5 * count)) || complain "only $found deadlocks"
# What is tried is not everything.
((with_one * 10 >= found * 9)) || complain "only $with_one of $found with a single switch"
conclude 'so does one among four threads, but for a few'

for seed in {1..5}; do
  run run --no-gil --schedule=random "--seed=$seed" --threads=2 error_in_worker.lua
  want_status 1
  want_shrunk 1 5
  cp err first
  run replay first error_in_worker.lua
  want_status 1
  [[ $(cat err) == "$(grep -v '^schedule' first)" ]] || complain "seed $seed: the replay has another error"
done
conclude 'an error keeps its message'

run run --no-gil --schedule=random --seed=1 --threads=2 prints.lua
(($(grep -c begin out) == 1)) || complain 'what the script prints is printed again'
(($(grep -cxE '[12]' out) == 20)) || complain 'the workers print other than 20 lines'
conclude 'what the script prints is printed once'

for seed in {1..20}; do
  rm -f notes
  run run --no-gil --schedule=random "--seed=$seed" writes_file.lua
  ((status == 1)) && break
done
want_status 1
[[ $(cat notes) == x ]] || complain 'it ran more than once'
grep -q '^gilvm: not shrunk: the script uses files' err || complain 'it does not say why'
grep -q '^schedule: ' err || complain 'there is no schedule'
conclude 'a script that writes a file is not run again'

for seed in {1..40}; do
  run run --no-gil --schedule=random "--seed=$seed" --threads=2 --timeout=60s spins.lua --json
  grep -q '"ok":false' out && break
done
grep -q '"ok":false' out || complain 'nothing was lost'
read -r left _ < <(switches)
((${left:-100} <= 12)) || complain "${left:-no} switches are left"
cp err first
run replay first spins.lua --json
grep -q '"ok":false' out || complain 'the replay does not fail'
conclude 'threads that wait in loops for each other are shrunk too'

run race lost_update.lua 20 --json
want_status 4
(($(grep -o '"switches":[0-9]*,"switches_before":[0-9]*' out | wc -l) >= 2)) || complain 'there are no switches'
run race lost_update.lua 20
grep -q '^   schedule (switches: 0 of [0-9]*): ' out || complain 'the race needs a switch'
grep -q '^   schedule (switches: 1 of [0-9]*): ' out || complain 'the lost update has no schedule of one switch'
while read -r schedule; do
  run replay --detect-races "$schedule" lost_update.lua 20
  grep -q '^Found: ' err || complain 'a replay does not find it'
done < <(grep -oE '[^ ]*,random,[^ ]*' out)
conclude 'the findings of race have shrunk schedules'

run run --stats --no-gil --schedule=random --seed=1 --threads=2 lost_update.lua 100
grep -q '^schedule: ' err || complain 'the schedule is another one'
conclude '--stats shows the schedule of the run itself'
run run --lang=pt-BR --no-gil --schedule=random --seed=1 --threads=2 lost_update.lua 100
grep -q '^escalonamento (trocas: 1 de [0-9]*; observado: ' err || complain 'that is not Portuguese'
conclude 'it is said in Portuguese too'

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
