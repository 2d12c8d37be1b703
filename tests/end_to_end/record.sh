#!/usr/bin/env bash
# What real threads did under the GIL, recorded and replayed: each script prints what depends on the order of its threads, and the
# replay prints the same.
count=20
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

run() {
  timeout 60 "$gilvm" "$@" >out 2>err </dev/null
  status=$?
}
# want_replayed SCRIPT FLAG...: recorded and replayed $count times.
want_replayed() {
  local script=$1 time first
  shift
  for ((time = 1; time <= count; ++time)); do
    run run "$@" --record=recorded "$script.lua"
    first=$status
    mv out out.first && mv err err.first
    run replay recorded "$script.lua"
    want_status "$first"
    cmp -s out out.first || complain "time $time: the replay prints something else"
    cmp -s err err.first || complain "time $time: the replay says something else"
    [[ -z $problem ]] || break
    sort -u out >>all_outputs
  done
}

cat >lost_update.lua <<'LUA'
local threading = require "threading"
local N = 20000
counter = 0
local threads = {}
for i = 1, 3 do
  threads[i] = threading.Thread{target = function() for _ = 1, N do counter = counter + 1 end end}
  threads[i]:start()
end
for _, thread in ipairs(threads) do thread:join() end
print(counter)
LUA
cat >locks.lua <<'LUA'
local threading = require "threading"
local lock, order = threading.Lock(), {}
local threads = {}
for i = 1, 4 do
  threads[i] = threading.Thread{target = function()
    for _ = 1, 50 do
      lock:acquire()
      for _ = 1, 20 do order[#order + 1] = i end
      lock:release()
      for _ = 1, 30 do counter = (counter or 0) + 1 end
    end
  end}
  threads[i]:start()
end
for _, thread in ipairs(threads) do thread:join() end
print(counter, table.concat(order))
LUA
cat >sleeps.lua <<'LUA'
local threading = require "threading"
local time = require "time"
local order = {}
local threads = {}
for i = 1, 4 do
  threads[i] = threading.Thread{target = function()
    for turn = 1, 4 do
      time.sleep(0.0005 * ((i * 7 + turn * 3) % 4))
      for _ = 1, 200 do order[#order + 1] = i end
    end
  end}
  threads[i]:start()
end
for _, thread in ipairs(threads) do thread:join() end
print(table.concat(order))
LUA
cat >queues.lua <<'LUA'
local threading = require "threading"
local queue = require "queue"
local jobs, results = queue.Queue{maxsize = 3}, queue.Queue()
local threads = {}
for i = 1, 3 do
  threads[i] = threading.Thread{target = function()
    while true do
      local job = jobs:get()
      if job == 0 then break end
      local sum = 0
      for k = 1, job * 20 do sum = sum + k end
      results:put(i .. ":" .. job .. ":" .. sum)
    end
  end}
  threads[i]:start()
end
for job = 1, 60 do jobs:put(job) end
for _ = 1, 3 do jobs:put(0) end
for _, thread in ipairs(threads) do thread:join() end
while not results:empty() do print(results:get()) end
LUA
cat >waits.lua <<'LUA'
local threading = require "threading"
local condition, event = threading.Condition(), threading.Event()
local turns, order = 0, {}
local threads = {}
for i = 1, 3 do
  threads[i] = threading.Thread{target = function()
    event:wait()
    for _ = 1, 20 do
      condition:acquire()
      while turns == 0 do condition:wait() end
      turns = turns - 1
      order[#order + 1] = i
      condition:notify_all()
      condition:release()
    end
  end}
  threads[i]:start()
end
event:set()
for _ = 1, 60 do
  condition:acquire()
  turns = turns + 1
  condition:notify()
  condition:release()
end
for _, thread in ipairs(threads) do thread:join() end
local semaphore = threading.Semaphore(0)
print(semaphore:acquire{timeout = 0.001}, turns, table.concat(order))
LUA
cat >experiment.lua <<'LUA'
return experiment {
  setup = function() counter = 0 end,
  worker = function() for _ = 1, 20000 do counter = counter + 1 end end,
  observe = function() return counter end,
  expect = function(n) return n * 20000 end,
}
LUA
cat >fails.lua <<'LUA'
local threading = require "threading"
counter = 0
local thread = threading.Thread{target = function() for _ = 1, 5000 do counter = counter + 1 end end}
thread:start()
for _ = 1, 5000 do counter = counter + 1 end
thread:join()
error("counter: " .. counter)
LUA

for interval in 1000i 997i 37i 0.5ms 50us; do
  for points in every loops; do
    for name in lost_update locks sleeps queues waits fails; do
      : >all_outputs
      want_replayed "$name" "--switch-interval=$interval" "--switch-points=$points"
      conclude "$name is replayed (--switch-interval=$interval --switch-points=$points)"
    done
  done
done

for points in every loops; do
  for name in lost_update locks sleeps queues waits fails; do
    : >all_outputs
    want_replayed "$name" --gil-policy=io-first --switch-interval=0.5ms "--switch-points=$points"
    conclude "$name is replayed (--gil-policy=io-first --switch-points=$points)"
  done
done

: >all_outputs
want_replayed lost_update --switch-interval=37i
(($(sort -u all_outputs | wc -l) > 1)) || complain 'each run is the same: this shows nothing'
conclude 'real threads lose other updates each time'

for ((time = 1; time <= count; ++time)); do
  run run --threads=3 --switch-interval=100us --record=recorded experiment.lua --json
  first=$(grep -o '"observed":[0-9]*' out)
  run replay recorded experiment.lua --json
  [[ $(grep -o '"observed":[0-9]*' out) == "$first" ]] || complain "time $time: the replay observes something else than $first"
  [[ ! -s err ]] || complain "time $time: the replay says something"
done
conclude 'an experiment is replayed'

run run --record experiment.lua
want_status 0
grep -qE '^schedule: [^,]*,[0-9a-f]*,gil,every,5ms,[0-9]+,os,0,0' err || complain 'there is no schedule'
conclude 'without a file the schedule goes to standard error'

run run --switch-interval=37i --record=recorded lost_update.lua
sed 's/= 20000/= 19000/' lost_update.lua >other.lua
run replay recorded other.lua
want_status 4
grep -q 'gilvm: the run leaves the schedule at step' err || complain 'it does not say where'
conclude 'a replay of another program says that it leaves the schedule'

refuses() {
  run "${@:3}"
  want_status 2
  [[ $(wc -l <err) == 1 ]] || complain 'that is not one line'
  grep -qF -- "$2" err || complain 'it says something else'
  conclude "$1"
}
refuses 'without the GIL there is no order' '--record needs the GIL' run --record --no-gil lost_update.lua
refuses 'a deterministic run has a schedule already' '--record and --schedule cannot stand together' \
  run --record --schedule=random lost_update.lua
refuses 'one run is recorded' '--record and --repeat cannot stand together' run --record --repeat=2 experiment.lua
refuses 'processes are not recorded' '--record and --processes cannot stand together' run --record --processes=2 lost_update.lua
refuses 'replay records nothing' 'replay does not take --record' replay --record recorded lost_update.lua
echo 'os.execute("true")' >executes.lua
run run --record executes.lua
want_status 1
grep -q 'os.execute is not possible' err || complain 'it is not refused by name'
conclude 'what cannot be replayed is refused by name'
run run --record=no/such/folder lost_update.lua
want_status 1
grep -q '^gilvm: cannot write no/such/folder: No such file' err || complain 'it does not say why'
conclude 'a file that cannot be written is said'

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
