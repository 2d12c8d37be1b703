#!/usr/bin/env bash
# gilvm race: what is found in programs that are wrong, by the names and lines of the script; and that nothing is found
# in those that are right, however they keep their threads in order.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
scripts=$(cd "$here/../../scripts" && pwd)

# race ARGUMENT...: sets `status`, fills out and err, and `found`: "kind variable lines" of each finding, sorted, in one
# line. The lines are those of its accesses, sorted; those of a main thread that waits are left out.
race() {
  status=0
  timeout -k 1 300 "$gilvm" race --json "$@" >out 2>err </dev/null || status=$?
  found=$(sed 's/{"kind"/\n{"kind"/g' out | grep '^{"kind"' | while IFS= read -r finding; do
    kind=$(sed -E 's/^\{"kind":"([a-z_]+)".*/\1/' <<<"$finding")
    variable=$(sed -E 's/.*"variable":"([^"]*)".*/\1/' <<<"$finding")
    lines=$(grep -oE '"line":[0-9]+,"thread":"[^"]*"' <<<"$finding" | grep -v '"main"' |
      sed -E 's/"line":([0-9]+).*/\1/' | sort -n | paste -sd' ' -)
    printf '%s %s %s\n' "$kind" "$variable" "$lines"
  done | sort | paste -sd, -)
}
want_found() {
  [[ $found == "$1" ]] || complain "found: $found"
  if [[ -n $1 ]]; then want_status 4; else want_status 0; fi
}
want_among() { [[ ,$found, == *",$1,"* ]] || complain "found: $found"; }
# Each schedule of the last race runs again with the script's words.
want_replays() {
  local schedule
  while IFS= read -r schedule; do
    "$gilvm" replay "$schedule" "$@" >/dev/null 2>replay_errors </dev/null
    ! grep -q 'leaves the schedule' replay_errors || complain "a replay leaves its schedule"
    "$gilvm" replay --detect-races "$schedule" "$@" >/dev/null 2>replay_errors </dev/null
    grep -q '^Found: ' replay_errors || complain "nothing is found in the replay"
  done < <(grep -oE '"schedule":"[^"]*"' out | sed -E 's/.*:"([^"]*)"/\1/' | sort -u)
}

# ---- The scripts
# Worker 1 fails to release a lock, before worker 2 takes it: that is no order.
cat >failed_release.lua <<'EOF'
local threading = require "threading"
return experiment {
  setup = function() lock, shared = threading.Lock(), 0 end,
  worker = function(i)
    if i == 1 then
      shared = 1
      pcall(lock.release, lock)
    else
      for _ = 1, 100 do end
      lock:acquire()
      shared = 2
      lock:release()
    end
  end,
}
EOF
cat >counter.lua <<'EOF'
local locked = arg[1] == "locked"
local threading = require "threading"
local lock = threading.Lock()
return experiment {
  name = "counter",
  setup = function() counter = 0 end,
  worker = function()
    for _ = 1, 10 do
      if locked then lock:acquire() end
      counter = counter + 1
      if locked then lock:release() end
    end
  end,
  observe = function() return counter end,
  expect = function(n) return n * 10 end,
}
EOF
cat >plain.lua <<'EOF'
local threading = require "threading"
local total = 0
local function add()
  for _ = 1, 3 do total = total + 1 end
end
local function work() add() end
local a = threading.Thread{target = work}
local b = threading.Thread{target = work}
a:start()
b:start()
a:join()
b:join()
EOF
cat >two_locks.lua <<'EOF'
local threading = require "threading"
local mine, theirs = threading.Lock(), threading.Lock()
local balance = 0
return experiment {
  worker = function(i)
    local lock = i == 1 and mine or theirs
    local held <close> = lock:hold()
    balance = balance + i
  end,
}
EOF
cat >order.lua <<'EOF'
local threading = require "threading"
local a, b, c = threading.Lock(), threading.Lock(), threading.Lock()
local what = arg[1]
local gate = threading.Lock()
local pairs_of = {
  opposite = {{a, b}, {b, a}},
  same = {{a, b}, {a, b}},
  cycle = {{a, b}, {b, c}, {c, a}},
  gated = {{a, b}, {b, a}},
}
local done = threading.Event()
return experiment {
  worker = function(i)
    local order = pairs_of[what]
    local first, second = order[i][1], order[i][2]
    if what == "opposite" and arg[2] == "after" and i == 2 then done:wait() end
    if what == "gated" then gate:acquire() end
    first:acquire()
    second:acquire()
    second:release()
    first:release()
    if what == "gated" then gate:release() end
    if i == 1 then done:set() end
  end,
}
EOF
cat >list.lua <<'EOF'
return experiment {
  setup = function() list = {} end,
  worker = function(i)
    if arg[1] == "insert" then
      for k = 1, 3 do table.insert(list, k) end
    elseif arg[1] == "append" then
      list[#list + 1] = i
    elseif arg[1] == "own" then
      list[i] = i
      list[i] = list[i] + 1
    elseif arg[1] == "pairs" then
      if i == 1 then for _ in pairs(list) do end else list.x = 1 end
    elseif arg[1] == "ipairs" then
      if i == 1 then for _ in ipairs(list) do end else list[1] = 1 end
    elseif arg[1] == "length" then
      if i == 1 then print(#list) else list[1] = 1 end
    elseif arg[1] == "sort" then
      if i == 1 then table.sort(list) else list[1] = 1 end
    end
  end,
  observe = function() return #list end,
}
EOF
cat >table.lua <<'EOF'
local lock = require("threading").Lock()
return experiment {
  setup = function() numbers = {old = 0, older = 0} end,
  worker = function(i)
    local what = arg[1]
    if what == "store" then
      if i == 1 then numbers.new = 1
      else numbers.old = 2 end
    elseif what == "same" then
      numbers.new = i
    elseif what == "read" then
      if i == 1 then numbers.new = 1 else local _ = numbers.old end
    elseif what == "locked" then
      local held <close> = lock:hold()
      numbers[i] = i
    elseif what == "room" then
      if i == 1 then numbers.old = 1 else numbers.older = 2 end
    elseif what == "remove" then
      if i == 1 then numbers.none = nil else numbers.old = nil end
    end
  end,
}
EOF
cat >checked_twice.lua <<'EOF'
local threading = require "threading"
local lock = threading.Lock()
local instance
local function get()
  if not instance then
    local held <close> = lock:hold()
    if not instance then instance = {value = 1} end
  end
  return instance.value
end
return experiment { worker = function() get() end }
EOF
cat >small_lock.lua <<'EOF'
local threading = require "threading"
local lock = threading.Lock()
local n = 0
return experiment { worker = function()
  for _ = 1, 5 do
    local value
    do local held <close> = lock:hold() value = n end
    value = value + 1
    do local held <close> = lock:hold() n = value end
  end
end }
EOF
cat >sync.lua <<'EOF'
local threading = require "threading"
local queue = require "queue"
local programs = {}
function programs.condition()
  local condition, items, taken = threading.Condition(), {}, 0
  local function produce() for i = 1, 5 do
    local held <close> = condition:hold()
    items[#items + 1] = i
    condition:notify()
  end end
  local function consume() for _ = 1, 5 do
    local held <close> = condition:hold()
    while #items == 0 do condition:wait() end
    taken = taken + table.remove(items)
  end end
  return {produce, consume}, function() return taken, #items end
end
function programs.timed_condition()
  local condition, ready = threading.Condition(), false
  return {function()
    local held <close> = condition:hold()
    while not ready do condition:wait(0.001) end
    ready = "seen"
  end, function()
    local held <close> = condition:hold()
    ready = true
    condition:notify_all()
  end}, function() return ready end
end
function programs.event()
  local event, value = threading.Event(), nil
  return {function() value = {1} event:set() end, function() event:wait() value[1] = value[1] + 1 end,
    function() while not event:is_set() do end print(event:is_set()) end}
end
function programs.is_set()
  local event, value = threading.Event(), nil
  return {function() value = {1} event:set() end, function() while not event:is_set() do end value[1] = 2 end}
end
function programs.barrier()
  local barrier, parts = threading.Barrier(3), {0, 0, 0}
  local function work(i) return function()
    for round = 1, 3 do
      parts[i] = parts[i] + round
      barrier:wait()
      local sum = 0
      for k = 1, 3 do sum = sum + parts[k] end
      barrier:wait()
    end
  end end
  return {work(1), work(2), work(3)}
end
function programs.queue()
  local q, got = queue.Queue(2), {}
  return {function() for i = 1, 6 do q:put({i}) end q:put(false) end,
    function() while true do local item = q:get() if not item then break end item[1] = item[1] + 1 got[#got + 1] = item end end}
end
function programs.simple_queue()
  local q = queue.SimpleQueue()
  return {function() for i = 1, 6 do q:put({i}) end end,
    function() for _ = 1, 6 do local item = q:get() item[1] = 2 end end}
end
function programs.queue_join()
  local q, seen = queue.Queue(), {0}
  return {function() for i = 1, 4 do q:put(i) end q:join() seen[1] = seen[1] + 1 end,
    function() for _ = 1, 4 do q:get() seen[1] = seen[1] + 1 q:task_done() end end}
end
function programs.semaphore()
  local semaphore, shared = threading.Semaphore(1), 0
  local function work() for _ = 1, 4 do semaphore:acquire() shared = shared + 1 semaphore:release() end end
  return {work, work, work}
end
function programs.semaphore_hand_over()
  local semaphore, shared = threading.Semaphore(0), nil
  return {function() shared = {1} semaphore:release() end, function() semaphore:acquire() shared[1] = 2 end}
end
function programs.rlock()
  local lock, shared = threading.RLock(), 0
  local function add() local held <close> = lock:hold() shared = shared + 1 end
  local function work() for _ = 1, 4 do local held <close> = lock:hold() add() shared = shared + 1 end end
  return {work, work}
end
function programs.start_and_join()
  local shared = 0
  return {function()
    shared = 1
    local child = threading.Thread{target = function() shared = shared + 1 end}
    child:start()
    child:join()
    shared = shared + 1
  end}, function() return shared end
end
function programs.is_alive()
  local shared = 0
  return {function()
    local child = threading.Thread{target = function() shared = shared + 1 end}
    child:start()
    while child:is_alive() do end
    shared = shared + 1
  end}
end
function programs.lock_hand_over()
  local ready, shared = threading.Lock(), nil
  ready:acquire()
  return {function() shared = {1} ready:release() end, function() ready:acquire() shared[1] = 2 end}
end
function programs.try_lock()
  local lock, shared = threading.Lock(), 0
  local function work() while not lock:acquire(false) do end shared = shared + 1 lock:release() end
  return {work, work}
end
function programs.timed_lock()
  local lock, shared = threading.Lock(), 0
  local function work() while not lock:acquire(true, 0.0001) do end shared = shared + 1 lock:release() end
  return {work, work}
end
function programs.thread_local()
  local own = threading.local_()
  local function work() own.x = 1 own.x = own.x + 1 end
  return {work, work}
end
function programs.executor()
  local futures = require "concurrent.futures"
  return {function()
    local executor = futures.ThreadPoolExecutor(3)
    local tasks = {}
    for i = 1, 5 do tasks[i] = executor:submit(function(t) t[1] = t[1] + i return t end, {i}) end
    for i = 1, 5 do local result = tasks[i]:result() result[1] = result[1] + 1 end
    executor:shutdown()
  end}
end
function programs.timer()
  local shared = 0
  return {function()
    local timer = threading.Timer(0.01, function() shared = shared + 1 end)
    timer:start()
    timer:join()
    shared = shared + 1
  end}
end
function programs.asyncio()
  local asyncio = require "asyncio"
  return {function()
    local shared = {0}
    asyncio.run(function()
      for _ = 1, 3 do
        shared[1] = shared[1] + 1
        asyncio.to_thread(function() shared[1] = shared[1] + 1 end):await()
        shared[1] = shared[1] + 1
      end
    end)
  end}
end
function programs.own_elements()
  local results = {}
  local function work(i) return function() results[i] = i results[i] = results[i] + 1 end end
  return {work(1), work(2), work(3)}, function() for _, v in pairs(results) do end return #results end
end
function programs.own_objects()
  local class = {} class.__index = class
  function class:add() self.n = self.n + 1 end
  local function work() local o = setmetatable({n = 0}, class) for _ = 1, 5 do o:add() end end
  return {work, work}
end
function programs.finalizer()
  local count = 0
  local function work()
    for i = 1, 3 do
      local t = setmetatable({i = i}, {__gc = function(self) self.i = self.i + 1 end})
      t = nil
      collectgarbage()
    end
  end
  return {work, work}
end
local threads, after = programs[arg[1]]()
local list = {}
for index, body in ipairs(threads) do list[index] = threading.Thread{target = body} end
for _, thread in ipairs(list) do thread:start() end
for _, thread in ipairs(list) do thread:join() end
if after then print(after()) end
EOF
cat >fails.lua <<'EOF'
return experiment { worker = function(i) if i == 1 then error("on purpose") end end }
EOF
cat >object.lua <<'EOF'
local account = {}
account.__index = account
function account:deposit(amount)
  self.balance = self.balance + amount
end
return experiment {
  setup = function() shared = setmetatable({balance = 0}, account) end,
  worker = function(i) shared:deposit(i) end,
}
EOF
cat >one_unlocked.lua <<'EOF'
local threading = require "threading"
local lock = threading.Lock()
total = 0
return experiment {
  worker = function(i)
    if i == 1 then lock:acquire() lock:release() end
    if i < 3 then
      lock:acquire()
      total = total + 1
      lock:release()
    end
    if i == 3 then total = 0 end
  end,
}
EOF
cat >quiet.lua <<'EOF'
print("a line that would be printed once a run")
EOF

# ---- The checks

race counter.lua
want_found 'lost_update counter 10 10 10,race counter 10 10'
want_replays counter.lua
grep -q '"name":"counter"' out || complain 'the experiment has another name'
grep -q '"lock":"none"' out || complain 'it is not without the GIL'
grep -q '"runs":10' out || complain 'not 10 runs'
conclude 'a counter without a lock is raced for, and loses updates'
for lock in --gil --lock=object --like=cpython3.12; do
  race "$lock" counter.lua
  want_among 'race counter 10 10'
  conclude "so it is whatever the VM's lock is ($lock)"
done
race --gil --schedule=round-robin --repeat=1 failed_release.lua
want_status 4
want_found 'race shared 6 11'
conclude 'a release that fails puts nobody in order'
race counter.lua locked
want_found ''
conclude 'with a lock it is not'
race --seed=100 --repeat=30 --schedule=pct counter.lua locked
want_found ''
grep -q '"runs":30' out || complain 'not 30 runs'
conclude 'nor by priorities'
race plain.lua
want_found 'lost_update total 4 4 4,race total 4 4'
want_replays plain.lua
grep -q '"thread":"Thread-1".*"started_at":"plain.lua:9"' out || complain 'where a thread was started is missing'
grep -qF "plain.lua:4: in upvalue 'add'\",\"plain.lua:6: in function <plain.lua:6>" out ||
  complain 'the traceback is another one'
conclude 'a captured local of a plain script is raced for'
race object.lua
want_among 'race self.balance 4 4'
conclude 'a field is named by its object'

race two_locks.lua
want_among 'wrong_lock balance 8 8'
grep -qF '"locks":[{"name":"lock","file":"two_locks.lua","line":7}]' out || complain 'the locks are missing'
want_replays two_locks.lua
conclude 'two locks for one variable guard nothing'
race --threads=3 one_unlocked.lua
want_among 'race total 9 12'
grep -q '"locks":\[{"name":"lock","file":"one_unlocked.lua","line":8}\]' out || complain 'the lock is another one'
! grep -q 'one_unlocked.lua","line":6}' out || complain 'a lock is said to be taken where another thread took it'
conclude 'one thread without the lock races with those that hold it'
race small_lock.lua
want_found 'lost_update n 7 9 9'
want_replays small_lock.lua
conclude 'a lock that is given up in between loses updates without a race'
race checked_twice.lua
want_found 'race instance 5 7'
conclude 'a check without the lock is a race'

race --repeat=1 order.lua opposite
want_found 'lock_order second, second 19 19'
want_replays order.lua opposite
conclude 'opposite orders of two locks are found where they did no harm'
race order.lua opposite
want_found 'deadlock  19 19'
grep -qE 'worker [12] waits at order.lua:19 for the Lock that worker [12] took at order.lua:18' out ||
  complain 'who holds what is not said'
timeout 60 "$gilvm" replay "$(grep -oE '"schedule":"[^"]*"' out | cut -d'"' -f4)" order.lua opposite >/dev/null 2>&1
[[ $? == 3 ]] || complain 'the schedule is no deadlock'
conclude 'in other schedules they do, and the deadlock says all that the order would'
race --repeat=1 --threads=3 order.lua cycle
want_found 'lock_order second, second, second 19 19 19'
conclude 'so do three locks in a circle'
for right in same gated 'opposite after'; do
  # shellcheck disable=SC2086  # two words
  race order.lua $right
  want_found ''
  conclude "no deadlock is possible, and none is found ($right)"
done

race list.lua append
want_among 'race #list 7 7'
conclude 'who appends reads the length that another one changes'
race list.lua insert
want_found 'race #list 5 5,race list[2] 5 5'
conclude 'so does table.insert'
race list.lua pairs
want_among 'race pairs(list) 12 12'
conclude 'a new key races with pairs()'
race list.lua ipairs
want_among 'race list[1] 14 14'
conclude 'an element races with ipairs()'
race list.lua length
want_found 'race #list 16 16'
conclude 'a new element races with the length'
race list.lua sort
want_among 'race #list 18 18'
conclude 'and with table.sort()'
for lock in --gil --lock=object; do
  race "$lock" list.lua own
  want_found ''
  conclude "elements of their own are not raced for where an operation on a table is a whole ($lock)"
done
race list.lua own
want_found 'growth list 9 10,growth list 9 9'
want_replays list.lua own
conclude 'without a lock two new keys are: the table grows for one and loses the other'
race table.lua store
want_found 'growth numbers 7 8'
sed 's/"file"/\n"file"/g' out | grep '"line":7,' | grep -q '"adds_key":true' || complain 'line 7 adds a key'
sed 's/"file"/\n"file"/g' out | grep '"line":8,' | grep -q '"adds_key":false' || complain 'line 8 adds none'
conclude 'so is a new key with a store at a key that is there'
for right in read locked room remove; do
  race table.lua "$right"
  want_found ''
  conclude "no growth is found where nothing can be lost to one ($right)"
done
for lock in --gil --lock=object; do
  race "$lock" table.lua store
  want_found ''
  conclude "nor where an operation on a table is a whole ($lock)"
done
race table.lua same
want_found 'race numbers.new 10 10'
conclude 'what is raced for in the same lines is not said twice'

for program in $(grep -oE '^function programs\.[a-z_]+' sync.lua | sed 's/.*\.//'); do
  for lock in --no-gil --gil; do
    race --repeat=6 "$lock" sync.lua "$program"
    if [[ $program$lock == own_elements--no-gil ]]; then
      # Of each thread's line, since what they do to a table that must grow is not kept in order.
      want_found 'growth results 155 155'
    else
      want_found ''
    fi
    conclude "nothing is found where threads are kept in order ($program, $lock)"
  done
done
for lesson in producer_consumer.lua callbacks_and_futures.lua; do
  race --repeat=2 "$scripts/$lesson"
  want_found ''
  conclude "nothing is found in $lesson"
done
# Less of what takes long, and no processes, which have no deterministic schedule.
sed '/"two processes"/d' "$scripts/parallelism.lua" >parallelism.lua
sed -E '/name = "processes"/d; s/= 1, 7 do/= 1, 1 do/; s/6000000/600/; s/, 4000,/, 20,/; s/11/5/g
  s/WIDTH, HEIGHT = 420, 280/WIDTH, HEIGHT = 8, 8/' "$scripts/cpu_bound.lua" >cpu_bound.lua
for lesson in "$scripts/one_at_a_time.lua 100" "$scripts/switch_interval.lua now 1000" 'parallelism.lua 100' \
  'cpu_bound.lua 2'; do
  for lock in --no-gil --gil; do
    # shellcheck disable=SC2086  # its words
    race --repeat=2 "$lock" $lesson
    want_found ''
    conclude "nothing is found where threads share nothing that another one changes (${lesson##*/}, $lock)"
  done
done
sed -E 's/, [0-9]+, [0-9]+\},$/, 10, 1},/' "$scripts/locks.lua" >locks.lua
race --repeat=2 locks.lua
want_found "$(printf '%s,' 'lost_update counter 38 38 38' 'lost_update counter 44 45 45' \
  'lost_update counter 53 53 53' 'race counter 38 38')wrong_lock counter 53 53"
conclude 'of the ways to lock, three are wrong, and which they are is said'
race --repeat=2 "$scripts/locks.lua" twice RLock
want_found ''
conclude 'who takes a reentrant lock twice does no harm'
race --repeat=2 "$scripts/locks.lua" twice Lock
want_among 'deadlock  '
conclude 'who takes a lock twice waits for itself'
race --repeat=2 "$scripts/lost_update.lua" 20
want_found 'lost_update counter 10 10 10,race counter 10 10'
conclude 'lost_update.lua says what it is named for'

race fails.lua
want_status 1
grep -q 'on purpose' err || complain 'the error is not shown'
conclude 'an error of the script is said, and gives 1'
race quiet.lua
want_found ''
! grep -q 'a line' out || complain 'what the script prints is not left out'
conclude 'what scripts print goes nowhere'
race nowhere.lua
want_status 2
conclude 'a script that is not there is wrong usage'
race --schedule=os counter.lua
want_status 2
conclude 'what the operating system schedules could not be run again'

run() {
  status=0
  timeout -k 1 300 "$gilvm" run "$@" >out 2>err </dev/null || status=$?
}
run --no-gil --schedule=random --detect-races plain.lua
want_status 4
grep -q 'Race on total' err || complain 'the race is not reported'
conclude 'any deterministic run can look for races'
run --json --no-gil --schedule=random --detect-races counter.lua
want_status 4
grep -qF '"findings":[{"kind":"race"' out || complain 'the findings are missing'
conclude 'with --json they stand beside the result'
run --no-gil --schedule=random --detect-races --repeat=3 counter.lua locked
want_status 0
grep -q '^Nothing found. Schedules that were run: 3.$' err || complain 'it does not say that nothing was found'
conclude 'that nothing was found is said'
run --detect-races plain.lua
want_status 2
conclude 'a run that the operating system schedules cannot look for races'

for language in en pt-BR; do
  timeout 60 "$gilvm" race --lang=$language counter.lua >out 2>err
  timeout 60 "$gilvm" race --lang=$language order.lua opposite >>out 2>>err
  ! grep -vE '^   .*: 0\.1\.0,' out | grep -qE '.{81}' || complain 'a line is too wide'
  conclude "the report fits a terminal ($language)"
done

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
