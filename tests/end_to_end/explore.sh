#!/usr/bin/env bash
# gilvm explore: of each program the outcomes that it can have, all of them and no others, and a schedule for each that
# brings it back. --count 0: not what several processes do, for a build that has no snapshots and so only one.
count=1
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
source "$here/exploring.sh"
# Copied, not named by their paths: a position shortens what is longer than 60 characters (manual 4.2, LUA_IDSIZE).
cp "$here"/../models/{philosophers,bounded_buffer}.lua .

# ---- The scripts

cat >add.lua <<'EOF'
local N = tonumber(arg[1])
return experiment {
  name = "add",
  setup = function() counter = 0 end,
  worker = function() for _ = 1, N do counter = counter + 1 end end,
  observe = function() return counter end,
  expect = function(n) return n * N end,
}
EOF
cat >hooked.lua <<'EOF'
return experiment {
  setup = function() debug.sethook(function() end, "l") end,
  worker = function() end,
}
EOF
cat >closed.lua <<'EOF'
local threading = require "threading"
return experiment {
  setup = function() lock, counter = threading.Lock(), 0 end,
  worker = function(i)
    pcall(function()
      local held <close> = lock:hold()
      counter = counter + 1
      if i == 1 then error("it closes the lock all the same") end
    end)
  end,
  observe = function() return counter end,
  expect = function(n) return n end,
}
EOF
# A lock that raises an error makes that with functions in Lua, which touch it no more.
cat >released_twice.lua <<'EOF'
local threading = require "threading"
return experiment {
  setup = function() users, room = 0, threading.Lock() end,
  worker = function()
    users = users + 1
    if users == 1 then room:acquire() end
    users = users - 1
    if users == 0 then room:release() end
  end,
  observe = function() return users end,
}
EOF
cat >waits_for_ever.lua <<'EOF'
return experiment {
  setup = function() done = false end,
  worker = function(i) if i == 1 then while not done do end else done = false end end,
  observe = function() return done end,
}
EOF
cat >counts_for_ever.lua <<'EOF'
return experiment { worker = function(i) while true do i = i + 1 end end }
EOF
cat >fails.lua <<'EOF'
return experiment {
  setup = function() shared = {} end,
  worker = function(i) if i == 1 then shared = nil else print(shared.x) end end,
  observe = function() return true end,
}
EOF
cat >closures.lua <<'EOF'
local count = 0
return experiment {
  setup = function() count = 0 end,
  worker = function() local function add() count = count + 1 end add() end,
  observe = function() return count end,
}
EOF
cat >started.lua <<'EOF'
local threading = require "threading"
return experiment {
  setup = function() counter = 0 end,
  worker = function(i)
    local helper = threading.Thread{target = function() counter = counter + 1 end}
    helper:start()
    counter = counter + 1
    helper:join()
  end,
  observe = function() return counter end,
}
EOF
# What native functions touch: a table of replacements, a list while it is sorted, a table by a metamethod.
cat >natives.lua <<'EOF'
local what = {
  gsub = {
    function() text = ("a"):gsub("a", shared) end,
    function() shared.a = "new" end,
  },
  sort = {
    function()
      table.sort(shared, function(one, other) seen = guard return one < other end)
      text = table.concat(shared, " ")
    end,
    function() guard = 1 shared[2] = 0 end,
  },
  metamethod = {
    function() text = tostring(shared + "a") end,
    function() shared.a = "new" end,
  },
}
return experiment {
  setup = function()
    shared = setmetatable({2, 1, a = "old"}, arg[1] == "metamethod" and {__add = rawget} or nil)
  end,
  worker = function(i) what[arg[1]][i]() end,
  observe = function() return text end,
}
EOF
# What setup does not set anew is as it was when the script was loaded, all the same.
cat >loaded_once.lua <<'EOF'
local count, names = 0, {}
return experiment {
  worker = function(i) count = count + 1 names[#names + 1] = tostring(names) end,
  observe = function() return count end,
}
EOF
cat >reads.lua <<'EOF'
local file = io.open(arg[1])
return experiment {
  setup = function() lines = {0, 0} end,
  worker = function(i) lines[i] = file:read("l") end,
  observe = function() return lines[1] .. lines[2] end,
}
EOF
# A file that is opened in few schedules, and not in the first ones.
cat >sometimes_reads.lua <<'EOF'
return experiment {
  setup = function() counter, line = 0, "" end,
  worker = function(i)
    for _ = 1, 4 do counter = counter + 1 end
    if i == 2 and counter == 3 then
      local file <close> = io.open(arg[1])
      line = file:read("l")
    end
  end,
  observe = function() return counter .. line end,
}
EOF
# A thread's random numbers are the same in each schedule.
cat >random.lua <<'EOF'
return experiment {
  setup = function() numbers = {0, 0} end,  -- a growth might lose one
  worker = function(i)
    numbers[i] = math.random(1000)
    local ballast = {}
    for n = 1, 40 do ballast[n] = {n} end
    numbers[i] = numbers[i] .. ", " .. math.random(1000)
  end,
  observe = function() return numbers[1] .. "; " .. numbers[2] end,
}
EOF
cat >sometimes_helped.lua <<'EOF'
local threading = require "threading"
return experiment {
  setup = function() flag, total = false, 0 end,
  worker = function(i)
    if i == 1 then flag = true return end
    if flag then return end
    local helper = threading.Thread{target = function() total = total + 1 end}
    helper:start()
    total = total + 1
    helper:join()
  end,
  observe = function() return total end,
}
EOF
cat >allocates.lua <<'EOF'
return experiment {
  setup = function() counter, ballast = 0, {} end,
  worker = function()
    for n = 1, 20 do ballast[n % 3 + 1] = ("x"):rep(1000000 + n) end
    counter = counter + 1
  end,
  observe = function() return counter .. " " .. #ballast end,
}
EOF
cat >lists.lua <<'EOF'
local operations = {
  insert = function(i) table.insert(list, i) end,
  insert_first = function(i) table.insert(list, 1, i + 2) end,
  remove_first = function() table.remove(list, 1) end,
  move = function(i) if i == 1 then table.move(list, 1, 2, 2) else list[1] = 7 end end,
  rawset = function(i) rawset(list, i == 1 and "one" or "two", i) end,
}
return experiment {
  setup = function() list = arg[1] == "insert" and {} or {1, 2} end,
  worker = operations[arg[1]],
  -- The elements as digits.
  observe = function() return tonumber(table.concat(list) .. (list.one and 8 or "") .. (list.two and 9 or "")) end,
}
EOF
cat >new_keys.lua <<'EOF'
return experiment {
  setup = function() list = {old = 0} end,
  worker = function(i)
    if i == 1 then list.new = 1
    elseif arg[1] == "add" then list.other = 1
    elseif arg[1] == "read" then seen = list.old
    else list.old = 1 end
  end,
  observe = function() return (list.new or 0) + (list.other or 0) + list.old + (seen or 0) end,
  expect = function() return arg[1] == "read" and 1 or 2 end,
}
EOF
echo 'print(1)' >plain.lua

# ---- The checks

for lock in --no-gil --gil --lock=object; do
  explore "$lock" add.lua 1
  want_status 0
  want_outcomes 'expected 2,inconsistent 1'
  want_schedules 4
  want_all
  want_replays add.lua 1
  conclude "one addition each gives 1 or 2 ($lock)"
done
explore --no-gil add.lua 2
want_outcomes 'expected 4,inconsistent 2,inconsistent 3'
want_schedules 34
want_replays add.lua 2
conclude 'two additions each give 2, 3 or 4'
want_why "worker 1 read counter = 1 (line 5); worker 2 wrote counter = 3 (line 5); worker 1 wrote counter = 2\
 (line 5): an update was lost"
((2 == $(grep -o '"why":' out | wc -l))) || complain 'not each outcome that is not expected says why, or another one does'
conclude 'a lost addition says who read, and who wrote before the other one did'
explore --no-gil add.lua 3
want_outcomes 'expected 6,inconsistent 2,inconsistent 3,inconsistent 4,inconsistent 5'
want_replays add.lua 3
conclude 'three additions each give 2 to 6'
explore --like=cpython3.12 add.lua 2
want_outcomes 'expected 4'
want_all
conclude 'where the lock goes only at loops no addition is lost'
explore --switch-interval=3i add.lua 1
want_outcomes 'expected 2,inconsistent 1'
want_replays add.lua 1
conclude 'a counted interval has its own orders'
for what in add change; do
  explore --no-gil new_keys.lua "$what"
  want_outcomes 'expected 2,inconsistent 1'
  want_all
  want_replays new_keys.lua "$what"
  conclude "a table that grows without a lock loses what is stored meanwhile ($what)"
  for lock in --gil --lock=object; do
    explore "$lock" new_keys.lua "$what"
    want_outcomes 'expected 2'
    want_all
    conclude "with one it does not ($what, $lock)"
  done
done
explore --no-gil new_keys.lua read
want_outcomes 'expected 1'
want_all
conclude 'and who reads another key meanwhile finds it'
# What each leaves without a lock, and with one.
lists() {
  explore --no-gil lists.lua "$1"
  want_outcomes "$2"
  want_all
  want_replays lists.lua "$1"
  conclude "others come into $1 where there is no lock"
  for lock in --gil --lock=object; do
    explore "$lock" lists.lua "$1"
    want_outcomes "$3"
    want_all
    conclude "and not where there is one ($1, $lock)"
  done
}
lists insert 'expected 1,expected 12,expected 2,expected 21' 'expected 12,expected 21'
# Both find two elements, and may shift the same ones; or the growth of one loses what the other has stored.
every_list=$(printf 'expected %s\n' {3,4}{11,112,12,122} 34{1,12,2,22} 43{1,12,2,22} | LC_ALL=C sort | paste -sd,)
lists insert_first "$every_list" 'expected 3412,expected 4312'
lists remove_first 'expected 2,expected null' 'expected null'
lists move 'expected 112,expected 712,expected 772' 'expected 712,expected 772'
lists rawset 'expected 128,expected 1289,expected 129' 'expected 1289'
explore --no-gil --threads=3 add.lua 1
want_outcomes 'expected 3,inconsistent 1,inconsistent 2'
want_replays add.lua 1
conclude 'three threads lose up to two of three additions'

explore --no-gil --preemptions=0 add.lua 2
want_outcomes 'expected 4'
want_schedules 2
grep -q '"covered":"preemptions<=0"' out || complain 'it does not say what is covered'
conclude 'without preemptions there are as many orders as there are of threads'
explore --no-gil --preemptions=1 add.lua 2
want_outcomes 'expected 4,inconsistent 2'
want_replays add.lua 2
conclude 'one preemption loses two additions or none'
explore --no-gil --preemptions=2 add.lua 2
want_outcomes 'expected 4,inconsistent 2,inconsistent 3'
conclude 'two lose one'
explore --no-gil --max-schedules=3 add.lua 2
want_schedules 3
grep -q '"covered":"partial"' out || complain 'it does not say that some are left'
conclude '--max-schedules ends it, which is said'

printf 'a\nb\n' >lines.txt
for cores in 1 4; do
  timeout -k 1 300 "$gilvm" explore --no-gil --preemptions=4 --cores=$cores sometimes_reads.lua lines.txt >"$cores.txt" 2>err
done
cmp -s 1.txt 4.txt || complain 'the two are not the same'
grep -q '^"[0-9]a"' 1.txt || complain 'the file is never read'
conclude 'where memory turns out not to be all that changes, one process goes on'
explore --no-gil --cores=4 --max-schedules=2500 add.lua 4
want_schedules 2500
grep -q '"stopped":"max-schedules"' out || complain 'it does not say why it stopped'
conclude 'all processes together run the schedules that are allowed'
explore --no-gil --max-schedules=34 add.lua 2
want_schedules 34
want_all
conclude 'where that is as many as there are, all are covered'
# Here executions are left that turn out to be known.
for cores in 1 3; do
  explore --no-gil --cores=$cores --max-schedules=3334 add.lua 4
  want_schedules 3334
  want_all
  explore --no-gil --cores=$cores --max-schedules=3333 add.lua 4
  want_schedules 3333
  grep -q '"covered":"partial"' out || complain 'it does not say that one is left'
  conclude "so it is where what is left differs in nothing that matters (cores: $cores)"
done

# Since it opens a file, each schedule loads it anew, and is in the middle of that nearly always.
cat >slow_to_load.lua <<'EOF'
io.open(arg[0]):close()
for _ = 1, 3000000 do end
return experiment {
  setup = function() counter = 0 end,
  worker = function() for _ = 1, 12 do counter = counter + 1 end end,
  observe = function() return counter end,
}
EOF
explore --no-gil --timeout=2s slow_to_load.lua
want_status 124
grep -q '"covered":"partial","schedules":[1-9].*"stopped":"timeout"' out || complain 'it does not say what there was'
conclude 'a script that is stopped while it is loaded once more has shown something before'

# What is stopped says how far it came. Each program would go on for minutes.
for cores in 1 3; do
  explore --no-gil --cores=$cores --timeout=2s add.lua 12
  want_status 124
  grep -q '"covered":"partial","schedules":[1-9].*"stopped":"timeout"' out || complain 'it does not say what there was'
  [[ $(grep -o '"grade":"inconsistent"' out | wc -l) == $(grep -o '"why":"worker' out | wc -l) ]] || complain 'it does not say why'
  conclude "a time-out gives what was covered by then, and why (cores: $cores)"
  "$gilvm" explore --no-gil --cores=$cores add.lua 12 >out 2>err </dev/null &
  exploring=$!
  sleep 2
  kill -INT $exploring
  status=0
  wait $exploring || status=$?
  want_status 130
  grep -q '^Not all: interrupted after [1-9]' out || complain 'it does not say what there was'
  [[ $(grep -c ' inconsistent ' out) == $(grep -c '^  why: worker' out) ]] || complain 'it does not say why'
  conclude "so does Ctrl-C (cores: $cores)"
done
if ((count > 0)); then
  # Each program has more schedules than a process runs at once.
  for words in '--no-gil add.lua 4' '--no-gil --threads=3 add.lua 2' '--preemptions=6 add.lua 3' \
    "--no-gil --threads=3 --preemptions=1 bounded_buffer.lua once"; do
    # shellcheck disable=SC2086  # words
    for cores in 1 4; do
      timeout -k 1 300 "$gilvm" explore --cores=$cores $words >"$cores.txt" 2>err || complain "exit status $?"
    done
    cmp -s 1.txt 4.txt || complain 'the two are not the same'
    conclude "four processes come to what one comes to ($words)"
  done

  # children_of PID: those that have not ended.
  children_of() { ps -o pid=,stat= --ppid "$1" | awk '$2 !~ /^Z/ { print $1 }'; }
  # start_exploring: sets `exploring`, and `children`, of which there are some.
  start_exploring() {
    "$gilvm" explore --no-gil --cores=3 add.lua 12 >out 2>err </dev/null &
    exploring=$! children=
    for ((look = 0; look < 300; ++look)); do
      children=$(children_of $exploring)
      [[ -z $children ]] || return 0
      sleep 0.1
    done
    complain 'there are no other processes'
    kill -KILL $exploring
  }
  start_exploring
  kill -KILL "${children%%$'\n'*}"
  status=0
  wait $exploring || status=$?
  want_status 1
  tr '\n' ' ' <out | grep -q 'has ended too early (killed by signal 9 (SIGKILL))' || complain 'it is not said'
  conclude 'a process that is killed is missed'
  start_exploring
  kill -KILL $exploring
  wait $exploring 2>errors
  for ((look = 0; look < 100; ++look)); do
    left=
    for child in $children; do
      [[ $(ps -o stat= -p "$child") =~ ^(Z.*)?$ ]] || left+=" $child"
    done
    [[ -n $left ]] || break
    sleep 0.1
  done
  [[ -z $left ]] || complain "these are left:$left"
  conclude 'no process outlives the one that began them'
fi

# models/run.sh explores these for their outcomes.
explore philosophers.lua
want_why "worker 1 waits at philosophers.lua:18 for the Lock that worker 2 took at philosophers.lua:17; worker 2 waits at\
 philosophers.lua:18 for the Lock that worker 1 took at philosophers.lua:17"
conclude 'why philosophers starve is said'
explore --no-gil --threads=3 --preemptions=1 bounded_buffer.lua once
want_why "worker 1 read waiting = table (line 16); worker 2 wrote waiting = table (line 23); worker 1 read waiting = table\
 (line 22)"
conclude 'so is why a buffer is emptied twice'

explore --no-gil closed.lua
want_outcomes 'expected 2'
want_all
conclude 'a lock that an error releases still orders its threads'
explore --no-gil closures.lua
want_outcomes 'expected 1,expected 2'
conclude 'captured locals are shared'
explore --no-gil --threads=1 started.lua
want_outcomes 'expected 1,expected 2'
want_all
want_replays started.lua
conclude 'threads that a worker starts are ordered, too'
explore --no-gil fails.lua
want_status 1
want_outcomes 'error null,expected true'
want_replays fails.lua
want_why 'worker 1 wrote shared = nil (line 3); worker 2 read shared = nil (line 3)'
[[ $(wc -l <out) == 1 ]] || complain 'what the script prints is not left out'
conclude 'an error is an outcome'

explore --no-gil --timeout=100s released_twice.lua
want_status 3
want_outcomes 'deadlock null,error null,error null,expected -1,expected 0,expected 1'
want_all
want_replays released_twice.lua
conclude "what makes a lock's error is no use of the lock"

for what in gsub sort metamethod; do
  explore --no-gil --preemptions=2 natives.lua $what
  all=$outcomes
  [[ $all == *,* ]] || complain "its order makes no difference: $all"
  explore --no-gil natives.lua $what
  want_outcomes "$all"
  want_replays natives.lua $what
  conclude "what a native function touches is seen ($what)"
done

explore --no-gil loaded_once.lua
want_outcomes 'expected 1,expected 2'
want_replays loaded_once.lua
conclude 'each schedule begins where the script has been loaded'
printf 'a\nb\n' >lines.txt
explore --no-gil reads.lua lines.txt
want_outcomes 'expected "ab",expected "ba"'
want_all
conclude 'so does what is read from a file'
explore --no-gil --preemptions=1 random.lua
[[ $(grep -o '"result":' out | wc -l) == 1 ]] || complain "the numbers are not always the same: $outcomes"
conclude 'random numbers begin anew, too'
explore --no-gil sometimes_helped.lua
want_outcomes 'expected 0,expected 1,expected 2'
want_all
want_replays sometimes_helped.lua
conclude 'some schedules may have more threads than the first one'
explore --no-gil --threads=1 allocates.lua
want_outcomes 'expected "1 3"'
conclude 'memory is collected'

explore --no-gil waits_for_ever.lua
want_status 3
want_outcomes 'deadlock null'
want_why 'worker 1 goes round in a loop at waits_for_ever.lua:3'
conclude 'a thread that waits in a loop for ever is seen'
explore --no-gil counts_for_ever.lua
want_status 0
grep -q '"covered":"partial","schedules":0,"given_up":[1-9]' out || complain 'it does not say that it gave up'
conclude 'a thread that never ends is given up'
explore --no-gil --timeout=1s counts_for_ever.lua
((status == 124 || status == 0)) || complain "exit status $status"
conclude 'a time-out ends it'

explore hooked.lua
want_status 1
want_outcomes 'error null'
conclude 'a hook, whose steps are not seen, is refused'
explore plain.lua
want_status 1
grep -q 'needs a script that returns experiment{...}' err || complain 'it does not say why'
conclude 'only an experiment can be explored'
timeout 60 "$gilvm" explore --no-gil add.lua 2 >out 2>err
grep -qx 'from one of these only where the order makes no difference.' out || complain 'the sentence is missing'
grep -q '^  why: worker 1 read counter = 1' out || complain 'it does not say why'
! grep -v '^  schedule: ' out | grep -qE '.{81}' || complain 'a line is too wide'
conclude 'the table fits a terminal'

# sentence LANGUAGE ARGUMENT...: the last one that is said, in one line.
sentence() { LANGUAGE= LC_ALL=$1 timeout 60 "$gilvm" explore --no-gil "${@:2}" 2>err | tr '\n' ' ' | sed -E 's/.*  ([^ ].*[.]) ?$/\1/'; }
for line in \
  'C --preemptions=1:Covered: all schedules with at most 1 preemption, which are 13. There are others with more.' \
  'C --preemptions=2:Covered: all schedules with at most 2 preemptions, which are' \
  'pt_BR --preemptions=1:Coberto: todos os escalonamentos com no máximo 1 preempção, que são 13. Há outros com mais.' \
  'C --max-schedules=1:Not all: stopped after 1 schedule; there are others that may have other outcomes.' \
  'pt_BR --max-schedules=1:Não todos: parou após 1 escalonamento; há outros, que podem ter outros resultados.'; do
  # shellcheck disable=SC2086  # words
  said=$(sentence ${line%%:*} add.lua 2)
  [[ $said == *"${line#*:}"* ]] || complain "it says: $said"
done
conclude 'one is said as one'

# On a terminal.
GILVM=$gilvm expect -c '
  log_user 0
  set timeout 60
  spawn -noecho $env(GILVM) explore --no-gil --timeout=3s add.lua 12
  foreach pattern {
    {\r[0-9]+ schedules, [0-9]+/s, outcomes: [0-9]+; estimate: [0-9]+%, [0-9]+ (s|min|h) left\x1b\[K}
    {\r\x1b\[Kadd \(threads/none}
  } {
    expect -re $pattern {} timeout { exit 1 } eof { exit 2 }
  }' >out 2>err || complain "exit status $? of expect"
conclude 'a line on the terminal says how far it has come, and is gone at the end'
explore --no-gil --timeout=2s add.lua 12
! grep -q estimate err || complain 'it is written to a file'
conclude 'there is none where there is no terminal'

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
