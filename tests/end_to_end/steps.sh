#!/usr/bin/env bash
# gilvm replay --steps: what it shows of a schedule, word for word, and that it changes nothing.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# explored GRADE ARGUMENT...: into the file `schedule` the one that explore shows for the outcome of that grade
# with the fewest switches.
explored() {
  local grade=$1
  shift
  "$gilvm" explore --json "$@" 2>/dev/null | grep -oE "\"grade\":\"$grade\",[^{}]*\"schedule\":\"[^\"]*\"" |
    sed -E 's/^.*"switches":([0-9]+)/\1 &/' | sort -sn | head -n 1 |
    sed 's/.*"schedule":"//; s/"$//' >schedule
  [[ -s schedule ]] || complain "explore finds no outcome that is $grade"
}
# steps ARGUMENT...: replays `schedule`.
steps() {
  status=0
  timeout -k 1 60 "$gilvm" replay schedule "$@" >out 2>err </dev/null || status=$?
}
# The output is what stands on standard input.
want() { diff - out >differences || { complain 'another output'; sed 's/^/    /' differences; }; }
want_line() { grep -qxF -- "$1" out || complain "no line: $1"; }
want_part() { grep -qF -- "$1" out || complain "nowhere: $1"; }
want_no() { ! grep -qE -- "$1" out || complain "there is $1"; }
want_width() { ! grep -E ".{$(($1 + 1))}" out || complain "a line is wider than $1"; }

# ---- The scripts

cat >add.lua <<'LUA'
return experiment {
  setup = function() counter = 0 end,
  worker = function()
    counter = counter + 1
  end,
  observe = function() return counter end,
  expect = function(n) return n end,
}
LUA
cat >new_keys.lua <<'LUA'
return experiment {
  setup = function() list = {old = 0} end,
  worker = function(i)
    if i == 1 then list.new = 1 else list.old = 1 end
  end,
  observe = function() return list.old end,
  expect = function() return 1 end,
}
LUA
cat >locked.lua <<'LUA'
local threading = require "threading"
return experiment {
  setup = function() counter, lock = 0, threading.Lock() end,
  worker = function()
    local held <close> = lock:hold()
    counter = counter + 1
  end,
  observe = function() return counter end,
}
LUA
cat >queue.lua <<'LUA'
local threading = require "threading"
local q = require("queue").Queue()
local consumer = threading.Thread{name = "consumer", target = function()
  print("got", q:get())
end}
consumer:start()
q:put("one")
consumer:join()
LUA
cat >crossed.lua <<'LUA'
local threading = require "threading"
return experiment {
  setup = function() a, b = threading.Lock(), threading.Lock() end,
  worker = function(i)
    local first, second = a, b
    if i == 2 then first, second = b, a end
    first:acquire()
    second:acquire()
    second:release()
    first:release()
  end,
}
LUA
cat >fails.lua <<'LUA'
return experiment {
  setup = function() shared = {x = 1} end,
  worker = function(i)
    if i == 1 then shared = nil else local x = shared.x end
  end,
}
LUA
cat >list.lua <<'LUA'
local n = 0
return experiment {
  setup = function() list = {} end,
  worker = function(i)
    n = n + 1
    table.insert(list, i)
    list[i] = #list
    local own = {}
    own.x = i
  end,
  observe = function() return n end,
}
LUA

cat >various.lua <<'LUA'
local threading = require "threading"
shared = {}
local next_number = coroutine.wrap(function()
  for i = 1, 3 do
    shared[i] = i
    coroutine.yield(i)
  end
end)
local function work() print(pcall(function() return next_number() end)) end
local one, other = threading.Thread{target = work}, threading.Thread{target = work}
one:start()
other:start()
one:join()
other:join()
table.sort(shared, function(x, y) return x < y end)
local proxy = setmetatable({}, {__index = function(_, key) return shared[key] end})
for key, value in pairs(shared) do io.write(key, value, proxy[1], "\n") end
os.exit(5)
LUA

# ---- The checks

explored inconsistent --no-gil add.lua
steps --steps add.lua
want_status 0
want <<'TEXT'
step  worker 1                              worker 2
      main  2: setup = function() counter = 0 end,
   1  main  SetGlobalConstant counter = 0
── switch: worker 1 goes on (main waits for the end of worker 1) ──
   2  starts
      4: counter = counter + 1
   3  GetGlobal    counter → 0
── switch: worker 2 goes on (no lock: anyone may go on) ──
   4                                        starts
                                            4: counter = counter + 1
   5                                        GetGlobal    counter → 0
   6                                        SetGlobal    counter = 1
   7                                        ends
── switch: worker 1 goes on (worker 2 has ended) ──
   8  SetGlobal    counter = 1
   9  ends
── switch: main goes on (worker 1 has ended) ──
      main  6: observe = function() return counter end,
  10  main  GetGlobal    counter → 1

observed: 1
expected: 2
TEXT
conclude 'a lost update is seen, step by step'
steps --predict --watch=counter add.lua
want <<'TEXT'
step  worker 1                         worker 2                          counter
      main  2: setup = function() counter = 0 end,
   1  main  SetGlobalConstant counter = ?                                ?
── switch: worker 1 goes on (main waits for the end of worker 1) ──
   2  starts
      4: counter = counter + 1
   3  GetGlobal    counter → ?
── switch: worker 2 goes on (no lock: anyone may go on) ──
   4                                   starts
                                       4: counter = counter + 1
   5                                   GetGlobal    counter → ?
   6                                   SetGlobal    counter = ?          ?
   7                                   ends
── switch: worker 1 goes on (worker 2 has ended) ──
   8  SetGlobal    counter = ?
   9  ends
── switch: main goes on (worker 1 has ended) ──
      main  6: observe = function() return counter end,
  10  main  GetGlobal    counter → ?

observed: ?
expected: 2
TEXT
conclude 'values can be hidden, for a prediction'
steps --steps=5-6 add.lua --lang=pt-BR
want <<'TEXT'
passo  worker 1                             worker 2
                                            4: counter = counter + 1
    5                                       GetGlobal    counter → 0
    6                                       SetGlobal    counter = 1
Não mostrados: 8 de 10 passos; --steps=FROM-TO mostra outros.

observado: 1
esperado: 2
TEXT
conclude 'a range of steps, in Portuguese'
steps --steps --json add.lua
[[ $(wc -l <out) == 11 ]] || complain 'not a line for each step and one for the result'
want_line '{"step":8,"thread":"worker 1","kind":"write","file":"add.lua","line":4,"instruction":"SetGlobal","name":"counter","value":1,"switched":{"from":"worker 2","why":"ended"}}'
tail -n 1 out | grep -q '"observed":1,"ok":false' || complain 'the last line is not the result'
conclude 'each step is a line of JSON'
steps --predict --json add.lua
want_no '"value":[0-9]|"ok"|"observed":1'
want_part '"observed":"?"'
conclude 'JSON hides values, too'

explored expected --no-gil add.lua
steps --steps add.lua
want_no 'worker 2 goes on \(no lock'
want_line 'observed: 2'
conclude 'a good order has no switch within the addition'

"$gilvm" run --no-gil --schedule=round-robin --stats locked.lua >/dev/null 2>schedule
steps --steps locked.lua
want <<'TEXT'
step  worker 1                              worker 2
      main  3: setup = function() counter, lock = 0, threading.Lock() end,
   1  main  SetGlobal    lock = Lock
   2  main  SetGlobal    counter = 0
── switch: worker 1 goes on (main waits for the end of worker 1) ──
   3  starts
── switch: worker 2 goes on (no lock: anyone may go on) ──
   4                                        starts
── switch: worker 1 goes on (no lock: anyone may go on) ──
      5: local held <close> = lock:hold()
   5  Call         lock:hold() → Lock
── switch: worker 2 goes on (no lock: anyone may go on) ──
                                            5: local held <close> = lock:hold()
   6                                        Call         lock:hold() waits
── switch: worker 1 goes on (worker 2 waits for the Lock that worker 1 took
   at locked.lua:5) ──
      6: counter = counter + 1
   7  GetGlobal    counter → 0
   8  SetGlobal    counter = 1
      7: end,
   9  held:__close()
  10  ends
── switch: worker 2 goes on (worker 1 has ended) ──
  11                                        Call lock:hold() returns → Lock
                                            6: counter = counter + 1
  12                                        GetGlobal    counter → 1
  13                                        SetGlobal    counter = 2
                                            7: end,
  14                                        held:__close()
  15                                        ends
── switch: main goes on (worker 2 has ended) ──
      main  8: observe = function() return counter end,
  16  main  GetGlobal    counter → 2

observed: 2
TEXT
conclude 'a lock, and who waits for it'

"$gilvm" run --schedule=random --seed=3 --stats queue.lua >/dev/null 2>schedule
steps --steps queue.lua
want_status 0
want_width 80
want <<'TEXT'
step  main                                  consumer
      2: local q = require("queue").Queue…
   1  Call         Queue() → queue.Queue
      3: local consumer = threading.Threa…
   2  Call
        threading.Thread(table) → Thread
      6: consumer:start()
   3  Call         consumer:start()
── switch: consumer goes on (main is asked for the GIL) ──
   4                                        starts
── switch: main goes on (consumer is asked for the GIL) ──
      7: q:put("one")
   5  Call         q:put("one")
── switch: consumer goes on (main is asked for the GIL) ──
                                            4: print("got", q:get())
   6                                        Call         q:get() waits
── switch: main goes on (consumer is asked for the GIL) ──
      8: consumer:join()
   7  Call         consumer:join() waits
── switch: consumer goes on (main waits for the end of consumer) ──
   8                                        Call         q:get() returns → "one"
   9                                        Call         print("got", "one")
  10                                        ends
── switch: main goes on (consumer has ended) ──
  11  Call         consumer:join() returns
TEXT
conclude 'a queue is what the script calls of it, and prints are steps'

explored deadlock crossed.lua
steps --steps crossed.lua
want_status 3
want <<'TEXT'
step  worker 1                              worker 2
      main  3: setup = function() a, b = threading.Lock(), threading.Lock() end,
   1  main  SetGlobal    b = Lock
   2  main  SetGlobal    a = Lock
── switch: worker 1 goes on (main waits for the end of worker 1) ──
   3  starts
      7: first:acquire()
   4  Call         first:acquire()
── switch: worker 2 goes on (worker 1 is asked for the GIL) ──
   5                                        starts
                                            7: first:acquire()
   6                                        Call         first:acquire()
                                            8: second:acquire()
   7                                        Call         second:acquire() waits
── switch: worker 1 goes on (worker 2 waits for the Lock that worker 1 took
   at crossed.lua:7) ──
      8: second:acquire()
   8  Call         second:acquire() waits
   9  is stopped
── switch: worker 2 goes on (worker 1 has ended) ──
  10                                        is stopped
TEXT
conclude 'a deadlock shows who waits for whom'

explored error --no-gil fails.lua
steps --steps fails.lua
want_status 1
want <<'TEXT'
step  worker 1                              worker 2
      main  2: setup = function() shared = {x = 1} end,
   1  main  SetGlobal    shared = table
── switch: worker 1 goes on (main waits for the end of worker 1) ──
   2  starts
      4: if i == 1 then shared = nil else…
   3  SetGlobalConstant shared = nil
   4  ends
── switch: worker 2 goes on (worker 1 has ended) ──
   5                                        starts
                                            4: if i == 1 then shared = nil else…
   6                                        GetGlobal    shared → nil
   7                                        ends with an error
TEXT
grep -q "attempt to index a nil value (global 'shared')" err || complain 'the error is not reported'
conclude 'an error is where a thread ends'

explored expected --no-gil list.lua
steps --watch=list,n list.lua
want <<'TEXT'
step  worker 1                       worker 2                        list    n
      main  3: setup = function() list = {} end,
   1  main  SetGlobal    list = table                                {}
── switch: worker 1 goes on (main waits for the end of worker 1) ──
   2  starts
      5: n = n + 1
   3  LoadUpvalue  n → 0                                                     0
   4  StoreUpvalue n = 1                                                     1
      6: table.insert(list, i)
   5  Call table.insert(list, 1)                                     {1}
      7: list[i] = #list
   6  Length       #list → 1
   7  SetIndex     list[1] = 1
   8  ends
── switch: worker 2 goes on (worker 1 has ended) ──
   9                                 starts
                                     5: n = n + 1
  10                                 LoadUpvalue  n → 1
  11                                 StoreUpvalue n = 2                      2
                                     6: table.insert(list, i)
  12                                 Call table.insert(list, 2)      {1, 2}
                                     7: list[i] = #list
  13                                 Length       #list → 2
  14                                 SetIndex     list[2] = 2
  15                                 ends
── switch: main goes on (worker 2 has ended) ──
      main  11: observe = function() return n end,
  16  main  LoadUpvalue  n → 2

observed: 2
TEXT
conclude 'elements, lengths, captured locals and calls; what is private is left out'

"$gilvm" run --no-gil --threads=3 --schedule=random --seed=5 --stats add.lua >/dev/null 2>schedule
steps --steps add.lua
want_width 80
want_line 'step  worker 1                 worker 2                 worker 3'
conclude 'three threads fit a terminal'
"$gilvm" run --no-gil --threads=6 --schedule=random --seed=5 --stats add.lua >/dev/null 2>schedule
steps --steps add.lua
want_width 80
want_part 'worker 6  GetGlobal    counter → '
conclude 'of six each row names its thread'

"$gilvm" run --no-gil --schedule=random --seed=5 --stats various.lua >/dev/null 2>schedule
steps --watch=shared various.lua
want_status 5
want_width 80
want_no '[(]for |GIL'
want_part 'shared[1] → 1'
[[ $(tail -n 1 out) == *'os.exit(5)' ]] || complain 'the last step is another one'
conclude 'coroutines, metamethods, iterators and callbacks are followed'
"$gilvm" run --no-gil --schedule=random --seed=5 --stats add.lua >/dev/null 2>schedule
sed 's/counter + 1/counter + #"ab" - counter + counter/' add.lua >other.lua
steps --steps other.lua
want_status 4
want_part 'counter → '
steps --steps --continue other.lua
want_status 0
want_part 'observed: '
conclude 'a replay that leaves its schedule shows the steps up to there, or all with --continue'

steps --watch=nothing add.lua
want_status 2
[[ ! -s out ]] || complain 'there is output'
[[ $(<err) == "gilvm: --watch: the run has no global and no captured local 'nothing'" ]] || complain 'another message'
conclude 'a name that is not there is refused'
for flag in --steps=0-1 --steps=5-4 --steps=x --watch=,a; do
  steps "$flag" add.lua
  want_status 2
  [[ $(wc -l <err) == 1 ]] || complain 'not one line'
  conclude "$flag is refused"
done

explored inconsistent --no-gil new_keys.lua
steps --steps new_keys.lua
want_part "(no lock, in the middle of a table's growth)"
want_part 'observed: 0'
conclude 'a store that a growth loses is seen in the middle of it'
"$gilvm" replay --lang=pt-BR --steps schedule new_keys.lua >out 2>err
want_part '(sem trava, no meio do crescimento de uma tabela)'
want_width 80
conclude 'in Portuguese, too'
steps --steps --detect-races new_keys.lua
want_status 4
want_part 'observed: 0'
grep -q '^1. Growth of list: ' err || complain 'the growth is not reported'
conclude 'races are looked for beside the steps'
steps --json --steps --detect-races new_keys.lua
want_status 4
grep -q '^1. Growth of list: ' err || complain 'the growth is not reported'
conclude 'and reported beside steps in JSON'
cat >remove.lua <<'LUA'
return experiment {
  setup = function() list = {10, 20} end,
  worker = function() table.remove(list) end,
  observe = function() return #list end,
  expect = function() return 0 end,
}
LUA
explored inconsistent --no-gil remove.lua
steps --steps remove.lua
want_part '(no lock, in the middle of a call of the library)'
want_part 'observed: 1'
conclude 'two removals of one element are seen in the middle of one'
"$gilvm" replay --lang=pt-BR --steps schedule remove.lua >out 2>err
want_part '(sem trava, no meio de uma chamada da biblioteca)'
want_width 80
conclude 'in Portuguese as well'

# The view changes nothing: the run takes the same steps, or the checkpoints would say so.
for seed in 1 2 3 4 5 6 7 8 9 10 11 12; do
  "$gilvm" "$here/random_threads.lua" "$seed" >program.lua || exit 1
  kinds=(random round-robin pct)
  flags=("--schedule=${kinds[seed % 3]}" "--seed=$seed" --stats)
  ((seed % 2)) && flags+=(--no-gil)
  ((seed % 5 == 0)) && flags+=(--switch-interval=7i)
  "$gilvm" run "${flags[@]}" program.lua >/dev/null 2>schedule
  expected=$?
  steps --steps --watch=counter,list --stats program.lua
  ((status == 2)) && steps --steps --stats program.lua
  want_status "$expected"
  ! grep -q 'leaves the schedule' err || complain 'the run leaves its schedule'
  [[ $(grep -o 'schedule: .*' err | sort -u | tail -n 1) == $(grep -o 'schedule: .*' schedule | tail -n 1) ]] ||
    complain 'another schedule'
  want_width 80
  conclude "the view changes nothing (program $seed)"
done

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
