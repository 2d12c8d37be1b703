#!/usr/bin/env bash
# What a user does on the command line: exact exit status, exact output, one clear line for bad input, and nothing
# left behind after a time-out or Ctrl-C.
#
# A check is a sentence. Each one runs gilvm in an empty folder with the scripts below, without the user's settings.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
readonly examples=${here%/tests/end_to_end}/scripts
readonly time_limit=120  # seconds for one command: none of those that end by themselves takes as many

# ---- What checks are made of

# run ARGUMENT...: sets `status`, and fills the files out and err. Standard input is empty.
run() {
  status=0
  timeout -k 1 "$time_limit" "$gilvm" "$@" >out 2>err </dev/null || status=$?
}

want_output() { [[ $(cat out) == "$1" ]] || complain "standard output is not '$1'"; }
want_error() { [[ $(cat err) == "$1" ]] || complain "standard error is not '$1'"; }
want_silence() { [[ ! -s err ]] || complain 'there is something on standard error'; }

# Standard error is one line of ours that holds the text.
want_line() {
  local lines
  mapfile -t lines <err
  ((${#lines[@]} == 1)) || complain "standard error has ${#lines[@]} lines instead of one"
  [[ ${lines[0]:-} == 'gilvm: '* ]] || complain "the line does not begin with 'gilvm: '"
  [[ ${lines[0]:-} == *"$1"* ]] || complain "the line does not say '$1'"
}

# No line of the file is wider than a terminal.
want_narrow() {
  local line
  while IFS= read -r line; do
    ((${#line} <= 80)) || complain "a line has ${#line} columns: $line"
  done <"$1"
}

# prints SENTENCE OUTPUT ARGUMENT...: ends well, with exactly that output.
prints() {
  run "${@:3}"
  want_status 0
  want_output "$2"
  want_silence
  conclude "$1"
}

# refuses SENTENCE STATUS TEXT ARGUMENT...: that status, one line that says the text, and nothing else.
refuses() {
  run "${@:4}"
  want_status "$2"
  want_output ''
  want_line "$3"
  conclude "$1"
}

# exits SENTENCE STATUS ARGUMENT...: that status, and no message.
exits() {
  run "${@:3}"
  want_status "$2"
  want_silence
  conclude "$1"
}

# Every process of a check has an argument of its own, by which it is found should it outlive the check.
tag='' tags=0
new_tag() { tags=$((tags + 1)) tag=end_to_end_$$_$tags; }
want_no_survivors() {
  # What was killed may take a moment to go.
  local waited=0
  while ((waited++ < 50)); do
    pgrep -f -- "$tag" >/dev/null || return 0
    sleep 0.02
  done
  complain "processes are left: $(pgrep -f -- "$tag" | tr '\n' ' ')"
  pkill -KILL -f -- "$tag"
}

milliseconds() { printf '%d' "$((${EPOCHREALTIME/./} / 1000))"; }

# times_out SENTENCE ARGUMENT...: --timeout=300ms ends it. Standard input is a pipe that says nothing.
times_out() {
  new_tag
  local start
  start=$(milliseconds)
  status=0
  timeout -k 1 "$time_limit" "$gilvm" --timeout=300ms "${@:2}" -- "$tag" >out 2>err <silent_pipe || status=$?
  local took=$(($(milliseconds) - start))
  ((took < 3000)) || complain "it took $took ms"
  want_status 124
  want_line 'the time given by --timeout is over'
  want_no_survivors
  conclude "$1"
}

# interrupts SENTENCE TARGET ARGUMENT...: once the script has printed "ready", SIGINT ends it. TARGET: `group`, as
# Ctrl-C on a terminal signals everyone, or `parent` alone.
interrupts() {
  new_tag
  : >out
  setsid "$gilvm" "${@:3}" -- "$tag" >out 2>err <silent_pipe &
  local pid=$! waited=0
  while ((waited++ < 500)); do
    [[ -s out ]] && break
    sleep 0.01
  done
  [[ -s out ]] || complain 'the script does not get ready'
  local start
  start=$(milliseconds)
  if [[ $2 == group ]]; then kill -INT -- "-$pid"; else kill -INT "$pid"; fi
  wait "$pid"
  status=$?
  local took=$(($(milliseconds) - start))
  ((took < 3000)) || complain "it took $took ms"
  want_status 130
  want_line 'interrupted'
  want_no_survivors
  conclude "$1"
}

# A pipe on which nobody ever writes: whoever reads from it waits. This shell holds it open.
mkfifo silent_pipe
exec 9<>silent_pipe

# ---- Scripts

script() { cat >"$1.lua"; }  # NAME: standard input becomes the script NAME.lua

script plain <<<'print("plain")'
script arguments <<<'print(#arg, arg[0], ...)'
script worker <<<'io.write(arg.worker, " of ", arg.workers, "\n")'
script second <<<'io.write("second ", arg.worker, " of ", arg.workers, "\n")'
script no_worker <<<'print(arg.worker, arg.workers)'
script syntax <<<'x = = 1'
script raise <<<'error("something broke")'
script raise_table <<<'error({})'
script thread_of_setup <<'END'
local threading = require "threading"
local go_on, thread = threading.Event()
return experiment {
  setup = function()
    thread = threading.Thread{target = function() go_on:wait() end}
    thread:start()
  end,
  worker = function()
    thread:join()
    assert(not thread:is_alive() and threading.active_count() == 1)
  end,
  observe = function() go_on:set() thread:join() return "joined" end,
  expect = function() return "joined" end,
}
END
script own_globals <<<'x = (x or 0) + 1 io.write(x, "\n")'
script ends_late <<'LUA'
require "threading".Thread{target = function() require "time".sleep(0.01) io.write "thread\n" end}:start()
kept = setmetatable({}, {__gc = function() io.write "finalizer\n" end})
LUA
script memory_in_second <<'LUA'
local size = arg.worker == 2 and 2^30 or 2^20
local ok, problem = pcall(string.rep, "x", size // 1 | 0)
io.write(arg.worker, " ", ok and "enough" or tostring(problem), "\n")
LUA
script raise_in_second <<<'if arg.worker == 2 then error("something broke") end'
script exit_3 <<<'os.exit(3)'
script exit_true <<<'os.exit(true)'
script exit_false <<<'os.exit(false)'
script exit_in_second <<<'if arg.worker == 2 then os.exit(5) end require("time").sleep(arg.worker == 1 and 0.2 or 0)'
script exit_in_thread <<'LUA'
local t = require("threading").Thread{target = function() os.exit(6) end}
t:start()
t:join()
LUA
script exit_in_child <<'LUA'
local p = require("multiprocessing").Process{target = function() os.exit(7) end}
p:start()
p:join()
print(p.exitcode)
LUA
script settings <<<'print(require("sys").is_gil_enabled(), require("sys").getswitchinterval())'
script loop <<<'io.stdout:write("ready\n"):flush() while true do end'
script loop_pcall <<<'io.stdout:write("ready\n"):flush() while true do pcall(error) end'
script loop_close <<'LUA'
io.stdout:write("ready\n"):flush()
local again <const> = setmetatable({}, {__close = function() while true do end end})
while true do pcall(function() local x <close> = again; error() end) end
LUA
script coroutines <<'LUA'
io.stdout:write("ready\n"):flush()
local function deep(n)
  local held <close> = setmetatable({}, {__close = function() while true do end end})
  local again = coroutine.wrap(function() while true do coroutine.yield() end end)
  if n > 0 then return pcall(coroutine.wrap(deep), n - 1) end
  while true do pcall(again) table.sort({2, 1}, function() again() return true end) end
end
while true do pcall(deep, 80) end
LUA
script exit_in_coroutine <<'LUA'
local function deep(n)
  if n == 0 then os.exit(8) end
  pcall(coroutine.wrap(deep), n - 1)
end
deep(20)
print("not reached")
LUA
script thread_in_coroutine <<'LUA'
local Thread = require("threading").Thread
local t = Thread{target = coroutine.wrap(function() coroutine.wrap(function() os.exit(9) end)() end)}
t:start()
t:join()
LUA
script traceback_wrap <<'LUA'
local function broken() error("broken") end
local words = coroutine.wrap(function() broken() end)
local function loop() for word in words do end end
loop()
LUA
script traceback_coroutine <<'LUA'
local function f() local x = coroutine.wrap(function() local y = nil; y() end); return (x()) end
f()
LUA
script lock <<'LUA'
local threading, time = require "threading", require "time"
local lock = threading.Lock()
lock:acquire()
threading.Thread{target = function() time.sleep(1000) lock:release() end, daemon = true}:start()
io.stdout:write("ready\n"):flush()
lock:acquire()
LUA
script sleep <<<'io.stdout:write("ready\n"):flush() require("time").sleep(1000)'
script join <<'LUA'
local t = require("threading").Thread{target = function() while true do end end}
t:start()
io.stdout:write("ready\n"):flush()
t:join()
LUA
script call_there <<'LUA'
local interpreters = require "interpreters"
local a, b, queue = interpreters.create(), interpreters.create(), interpreters.create_queue()
a:call_in_thread(function() while true do pcall(error) end end)
b:call_in_thread(function() queue:get() end)
interpreters.create():call(function()
  require "interpreters".create():call(function() io.stdout:write("ready\n"):flush() while true do end end)
end)
LUA
script join_child <<'LUA'
local p = require("multiprocessing").Process{target = function() while true do end end}
p:start()
io.stdout:write("ready\n"):flush()
p:join()
LUA
script grandchild <<'LUA'
local Process = require("multiprocessing").Process
local function endless() io.stdout:write("ready\n"):flush() while true do end end
local p = Process{target = function() local q = Process{target = endless} q:start() q:join() end}
p:start()
p:join()
LUA
script child_of_thread <<'LUA'
local Process = require("multiprocessing").Process
local function endless() io.stdout:write("ready\n"):flush() while true do end end
local t = require("threading").Thread{target = function() local p = Process{target = endless} p:start() p:join() end}
t:start()
t:join()
LUA
script fork_beside_reader <<'LUA'
local Thread, Process = require("threading").Thread, require("multiprocessing").Process
io.write("once ")
Thread{daemon = true, target = function() io.read() end}:start()
require("time").sleep(0.05)  -- the thread waits for input then, or will: it must not matter
local p = Process{target = function() io.write("child ") os.exit(3) end}
p:start()
p:join()
print(p.exitcode)
LUA
script command_beside_reader <<'LUA'
os.execute "mkfifo fifo"
local text
local reader = require("threading").Thread{target = function()
  local pipe <close> = io.popen "cat fifo"
  text = pipe:read "a"
end}
reader:start()
require("time").sleep(0.2)  -- the thread waits for the command's output then, or will: it must not matter
local file <close> = io.open("file", "w")
file:write "what was written before "
local pipe <close> = io.popen "cat file; echo through the fifo >fifo"
io.write(pipe:read "a")
reader:join()
io.write(text)
LUA
script daemon_reader <<'LUA'
require("threading").Thread{daemon = true, target = function() io.read() end}:start()
require("time").sleep(0.05)
print("end")
if arg[1] then os.exit(tonumber(arg[1])) end
LUA
script ends_first <<'LUA'
local threading = require "threading"
threading.Thread{target = function() threading.main_thread():join() print("thread") end}:start()
threading.Thread{daemon = true, target = function() while true do end end}:start()
io.write("main ")
if arg[1] then threading.Lock():release() end
LUA
script read <<<'io.stdout:write("ready\n"):flush() io.read()'
script counter <<'LUA'
return experiment{
  name = "counter",
  setup = function() counter = 0 end,
  worker = function(i, n) for _ = 1, 100 do counter = counter + 1 end end,
  observe = function() return counter end,
  expect = function(n) return 100 * n end,
}
LUA
script broken_worker <<'LUA'
return experiment{name = "broken", worker = function(i) if i == 2 then error("something broke") end end}
LUA
script endless_worker <<'LUA'
return experiment{name = "endless", worker = function() io.stdout:write("ready\n"):flush() while true do end end}
LUA
script wrong_experiment <<<'return experiment{worker = function() end, obsevre = print}'
script empty </dev/null
script lines <<<'for i = 1, 1e6 do print(i) end'
script traceback <<'LUA'
local function inner(x) return x.field.field end
local t = {method = function(self) local a = inner(self) return a end}
function outer() t:method() end
local function tail() return outer() end
tail()
LUA
mkdir folder.lua
printf '\x1bLua and so on' >binary.lua

# ---- Scripts and their arguments

prints 'a plain script is run' 'plain' plain.lua
prints 'run may be written out' 'plain' run plain.lua
prints 'an empty file is a script that does nothing' '' empty.lua
prints 'words after the script are its arguments' $'2\targuments.lua\ta\tb' arguments.lua a b
prints 'flags may stand before and after the script' $'1\targuments.lua\ta' --gil arguments.lua --repeat=1 a
prints 'after -- every word is an argument' $'2\targuments.lua\ta\t--gil' arguments.lua a -- --gil
prints 'only the first -- is a marker' $'2\targuments.lua\t--\tb' arguments.lua -- -- b
prints 'outside workers there is no number of the worker' $'nil\tnil' no_worker.lua

printf 'print("from stdin", arg[0], ...)\n' >stdin_script
status=0
"$gilvm" - a <stdin_script >out 2>err || status=$?
want_status 0
want_output $'from stdin\t-\ta'
want_silence
conclude '- is standard input'

status=0
printf 'error("here", 0)' | "$gilvm" - >out 2>err || status=$?
want_status 1
conclude 'an error in a script from standard input is status 1'

status=0
printf 'print("piped", arg[0], ...)' | "$gilvm" >out 2>err || status=$?
want_status 0
want_output $'piped\t-'
want_silence
conclude 'without a script, what comes from a pipe is one'

status=0
printf 'error("here")' | "$gilvm" --no-gil >out 2>err || status=$?
want_status 1
[[ $(head -n 1 err) == 'gilvm: stdin:1: here' ]] || complain 'the error does not name stdin'
conclude 'an error in it is status 1'

printf '#!/usr/bin/env gilvm\nprint("ran")\n' >shebang.lua
prints 'a first line that begins with # is skipped' 'ran' shebang.lua

# ---- Bad input

refuses 'a missing file is one line and status 2' 2 'cannot open missing.lua (No such file or directory)' missing.lua
refuses 'compare says the same of a missing file' 2 'cannot open missing.lua' compare missing.lua
refuses 'dis says the same of a missing file' 2 'cannot open missing.lua' dis missing.lua
refuses 'a directory is no script' 2 'folder.lua (Is a directory)' folder.lua
if ((EUID != 0)); then
  script unreadable <<<''
  chmod 0 unreadable.lua
  refuses 'an unreadable file is one line and status 2' 2 'cannot open unreadable.lua (Permission denied)' unreadable.lua
fi
for command in run compare dis; do
  refuses "$command shows liblua's message of a syntax error" 1 "syntax.lua:1: unexpected symbol near '='" \
    "$command" syntax.lua
  refuses "$command refuses a damaged binary chunk" 1 'bad binary format' "$command" binary.lua
done
refuses 'several scripts are all read before one is run' 2 'cannot open missing.lua' --threads plain.lua missing.lua
refuses 'compare wants an experiment' 1 'not an experiment' compare empty.lua

while IFS='|' read -r arguments text; do
  read -r -a words <<<"$arguments"
  refuses "gilvm $arguments is refused" 2 "$text" "${words[@]}"
done <<'CASES'
--bogus plain.lua|there is no flag --bogus
--thraeds=3 plain.lua|there is no flag --thraeds; did you mean --threads?
-q plain.lua|there is no flag -q
--gil --gil plain.lua|--gil is given twice
--repeat=2 plain.lua --repeat=2|--repeat is given twice
--gil --no-gil plain.lua|--gil and --no-gil cannot stand together
--threads=2 --processes=2 plain.lua|--threads and --processes cannot stand together
--threads=0 plain.lua|'0' is not a whole number from 1 to 1000
--threads=10000 plain.lua|'10000' is not a whole number from 1 to 1000
--processes=0 plain.lua|'0' is not a whole number from 1 to 1000
--processes=10000 plain.lua|'10000' is not a whole number from 1 to 1000
--interpreters=0 plain.lua|'0' is not a whole number from 1 to 1000
--interpreters=10000 plain.lua|'10000' is not a whole number from 1 to 1000
--interpreters=four plain.lua|'four' is not a whole number from 1 to 1000
--interpreters=2 --processes=2 plain.lua|--processes and --interpreters cannot stand together
--threads=2 --interpreters=2 plain.lua|--threads and --interpreters cannot stand together
--threads=two plain.lua|'two' is not a whole number from 1 to 1000
--threads= plain.lua|--threads has an empty value
--lock=gill plain.lua|--lock: 'gill' is not a lock regime; accepted: gil, object, none
-X gil plain.lua|-X: 'gil' is unknown; accepted: gil=1, gil=0
--gil=1 plain.lua|--gil takes no value
--switch-interval=5 plain.lua|'5' has no unit; accepted are times (5ms, 500us, 1s) and instructions (100i)
--switch-interval=0ms plain.lua|'0ms' is not an interval
--switch-interval=soon plain.lua|'soon' is not an interval
--switch-points=all plain.lua|--switch-points: 'all' is unknown; accepted: every, loops
--gil-policy=fifo plain.lua|--gil-policy: 'fifo' is unknown; accepted: interval, io-first
--gil-policy=io-first --schedule=pct plain.lua|--schedule=pct decides which thread runs; it takes no --gil-policy=io-first
explore --gil-policy=io-first plain.lua|explore does not take --gil-policy
race --gil-policy=io-first plain.lua|race does not take --gil-policy
replay --gil-policy=io-first schedule plain.lua|replay does not take --gil-policy
--like=perl plain.lua|--like: 'perl' is unknown; accepted: cpython2.7,
--repeat=0 plain.lua|'0' is not a whole number from 1 to 1000
--repeat|--repeat needs a value
--cores=0 plain.lua|'0' is not a whole number
--timeout=5 plain.lua|'5' has no unit; accepted are times such as 10s or 500ms
--timeout=-1s plain.lua|'-1s' is not a time
--lang=fr plain.lua|--lang: 'fr' is unknown; accepted: pt-BR, en
--seed=3 plain.lua|--seed needs --schedule=random
compare|compare needs a script: gilvm compare SCRIPT
dis|dis needs a script: gilvm dis SCRIPT
dis plain.lua plain.lua|dis takes one script
compar plain.lua|there is no command compar; did you mean compare?
CASES

# ---- Errors in scripts

# raises SENTENCE FIRST-LINE ARGUMENT...: status 1, nothing on standard output, and an error that begins with the line.
raises() {
  run "${@:3}"
  want_status 1
  want_output ''
  [[ $(head -n 1 err) == "$2" ]] || complain "the error does not begin with '$2'"
  conclude "$1"
}
raises 'an error ends the script with its message' 'gilvm: raise.lua:1: something broke' raise.lua
raises 'an error in a worker that is a process names the worker' 'gilvm: worker 2: raise_in_second.lua:1: something broke' \
  --processes=2 raise_in_second.lua
raises 'an error in a worker that is an interpreter names the worker' 'gilvm: worker 2: raise_in_second.lua:1: something broke' \
  --interpreters=2 raise_in_second.lua
raises 'an error in a worker that is a thread names the thread' 'Exception in thread worker 2:' --threads=2 raise_in_second.lua
for workers in threads interpreters processes; do
  raises "an error in an experiment's worker ($workers) names the worker" \
    'gilvm: worker 2: broken_worker.lua:1: something broke' "--$workers=2" broken_worker.lua
done
raises 'compare names the world too' 'gilvm: threads/gil every: worker 2: broken_worker.lua:1: something broke' compare broken_worker.lua
raises 'an experiment with an unknown field is refused' \
  "gilvm: wrong_experiment.lua:1: experiment: unknown field 'obsevre' (known are name, setup, worker, observe and expect)" \
  wrong_experiment.lua

# as_lua SENTENCE ARGUMENT...: the same exit status, output and error, traceback included, as stock Lua.
as_lua() {
  local lua_status=0
  lua5.4 "${@:2}" >lua_out 2>lua_err </dev/null || lua_status=$?
  run "${@:2}"
  want_status "$lua_status"
  want_output "$(cat lua_out)"
  want_error "$(sed '1s/^lua5.4: /gilvm: /' lua_err)"
  conclude "$1"
}
if command -v lua5.4 >/dev/null; then
  as_lua 'the traceback of error() is that of lua5.4' raise.lua
  as_lua 'the traceback of nested calls is that of lua5.4' traceback.lua
  as_lua 'the traceback of an error in a generator is that of lua5.4' traceback_wrap.lua
  as_lua 'the traceback of an error in a wrapped coroutine is that of lua5.4' traceback_coroutine.lua
  as_lua 'an error that is a table is shown as lua5.4 shows it' raise_table.lua
  for number in 3 true false; do as_lua "os.exit($number) is that of lua5.4" "exit_$number.lua"; done
fi

# ---- Exit status, and where output goes

exits 'os.exit on the main thread sets the status' 3 exit_3.lua
exits 'os.exit in a thread ends the program' 6 exit_in_thread.lua
exits 'os.exit in a coroutine ends the program' 8 exit_in_coroutine.lua
exits 'os.exit in a coroutine of a thread ends the program' 9 thread_in_coroutine.lua
exits 'os.exit in a worker that is a thread ends all of them' 5 --threads=2 exit_in_second.lua
exits 'without the lock as well' 5 --threads=2 --no-gil exit_in_second.lua
exits 'os.exit in a worker that is a process is the status in the end' 5 --processes=2 exit_in_second.lua
for round in {1..20}; do
  exits "os.exit in a worker that is an interpreter ends all of them ($round)" 5 --interpreters=2 exit_in_second.lua
  exits "so does it in a thread of one ($round)" 6 --interpreters=2 exit_in_thread.lua
done
prints 'os.exit in a child ends the child alone' '7' exit_in_child.lua
prints 'a command starts while a thread waits for another one, and finds what was written' \
  'what was written before through the fifo' --timeout=20s command_beside_reader.lua
exits 'a worker that is a process finds the threads of the setup ended' 0 --processes=2 thread_of_setup.lua

for workers in '' --threads=2 --interpreters=2 --processes=2; do
  timeout -k 1 "$time_limit" "$gilvm" ${workers:+"$workers"} lines.lua 2>err | head -n 1 >out
  status=${PIPESTATUS[0]}
  want_status 141  # 128 + SIGPIPE, as the shell shows it
  want_output 1
  want_silence
  conclude "output into a closed pipe ends the program quietly (${workers:-alone})"
done
status=0
"$gilvm" plain.lua >/dev/full 2>err || status=$?
: >out
want_status 1
want_line 'No space left on device'
conclude 'output that a full disk swallows is an error'

# ---- An endless script under --timeout

for name in loop loop_pcall loop_close coroutines lock sleep join join_child read grandchild child_of_thread; do
  times_out "--timeout ends $name" "$name.lua"
done
for name in loop loop_pcall coroutines lock sleep join; do
  times_out "--timeout ends $name in 4 threads with the GIL" --threads=4 --gil "$name.lua"
  times_out "--timeout ends $name in 4 threads without it" --threads=4 --no-gil "$name.lua"
  times_out "--timeout ends $name in 3 processes" --processes=3 "$name.lua"
  # Interpreters have no daemon threads.
  [[ $name == lock ]] || times_out "--timeout ends $name in 3 interpreters" --interpreters=3 "$name.lua"
done
times_out '--timeout ends threads that switch at loops only' --threads=4 --switch-points=loops loop.lua
times_out '--timeout ends threads with a counted interval' --threads=4 --switch-interval=100i loop_pcall.lua
times_out '--timeout ends an experiment in threads' --threads=2 endless_worker.lua
times_out '--timeout ends interpreters without the lock' --interpreters=3 --no-gil loop_pcall.lua
times_out '--timeout ends calls into interpreters, and who waits for one' call_there.lua
times_out '--timeout ends an experiment in interpreters' --interpreters=2 endless_worker.lua
times_out '--timeout ends an experiment in processes' --processes=2 endless_worker.lua
times_out '--timeout ends compare' compare endless_worker.lua
times_out '--timeout ends a script that does not come' -
prints '--timeout does not disturb a script that ends' 'plain' --timeout=10s plain.lua

# ---- Ctrl-C

for target in group parent; do
  for name in loop loop_pcall coroutines lock sleep join join_child read grandchild child_of_thread; do
    interrupts "Ctrl-C ($target) ends $name" "$target" "$name.lua"
  done
  for name in loop lock sleep; do
    interrupts "Ctrl-C ($target) ends $name in 4 threads with the GIL" "$target" --threads=4 --gil "$name.lua"
    interrupts "Ctrl-C ($target) ends $name in 4 threads without it" "$target" --threads=4 --no-gil "$name.lua"
    interrupts "Ctrl-C ($target) ends $name in 3 processes" "$target" --processes=3 "$name.lua"
    [[ $name == lock ]] || interrupts "Ctrl-C ($target) ends $name in 3 interpreters" "$target" --interpreters=3 "$name.lua"
  done
  interrupts "Ctrl-C ($target) ends calls into interpreters" "$target" call_there.lua
  interrupts "Ctrl-C ($target) ends an experiment in interpreters" "$target" --interpreters=2 endless_worker.lua
  interrupts "Ctrl-C ($target) ends an experiment in threads" "$target" --threads=2 endless_worker.lua
  interrupts "Ctrl-C ($target) ends an experiment in processes" "$target" --processes=2 endless_worker.lua
  interrupts "Ctrl-C ($target) ends compare" "$target" compare endless_worker.lua
done

# The script sees its child end, and ends itself, maybe before gilvm has looked at the signal that it got as well.
script signal_as_it_ends <<'LUA'
local p = require("multiprocessing").Process{target = function() while true do end end}
p:start()
os.execute("trap '' INT; kill -INT 0")
p:join()
LUA
for round in {1..12}; do
  for _ in {1..16}; do
    { setsid -w "$gilvm" signal_as_it_ends.lua 2>/dev/null || echo $?; } &
  done
  wait
done | sort | uniq -c | tr -s ' ' >out
want_output ' 192 130'
conclude 'a signal counts, however near the end of the program it comes'

# ---- Processes and files

status=0
timeout -k 1 "$time_limit" "$gilvm" fork_beside_reader.lua >out 2>err <silent_pipe || status=$?
want_status 0
want_output 'once child 3'
want_silence
conclude 'a process starts while another thread waits for input, and nothing is written twice'

for code in 0 4; do
  status=0
  timeout -k 1 "$time_limit" "$gilvm" daemon_reader.lua "$code" >out 2>err <silent_pipe || status=$?
  want_status "$code"
  want_output 'end'
  want_silence
  conclude "a daemon that waits for input does not keep the program from ending (os.exit($code))"
done

for regime in --gil --no-gil; do
  prints "the program waits for threads that are no daemons, and for no daemon ($regime)" 'main thread' \
    "$regime" ends_first.lua
  run "$regime" ends_first.lua fail
  want_status 1
  want_output 'main thread'
  [[ $(head -n 1 err) == 'gilvm: RuntimeError: release unlocked lock' ]] || complain 'the error is not the first line'
  conclude "also when an error has ended the main thread ($regime)"
done

# ---- Workers

# prints_sorted: as prints, for lines that come in any order.
prints_sorted() {
  run "${@:3}"
  sort -o out out
  want_status 0
  want_output "$2"
  want_silence
  conclude "$1"
}
prints_sorted 'each thread finds its number and their number' $'1 of 3\n2 of 3\n3 of 3' --threads=3 worker.lua
prints_sorted 'each process too' $'1 of 3\n2 of 3\n3 of 3' --processes=3 worker.lua
prints_sorted 'without the lock too' $'1 of 3\n2 of 3\n3 of 3' --threads=3 --no-gil worker.lua
prints_sorted '--threads a.lua b.lua runs each in a thread of its own' $'1 of 2\nsecond 2 of 2' --threads worker.lua second.lua
prints_sorted '--processes a.lua b.lua runs each in a process of its own' $'1 of 2\nsecond 2 of 2' --processes worker.lua second.lua
prints_sorted 'each interpreter too' $'1 of 3\n2 of 3\n3 of 3' --interpreters=3 worker.lua
prints_sorted 'interpreters without the lock too' $'1 of 3\n2 of 3\n3 of 3' --interpreters=3 --no-gil worker.lua
prints_sorted '--interpreters a.lua b.lua runs each in an interpreter of its own' $'1 of 2\nsecond 2 of 2' \
  --interpreters worker.lua second.lua
prints_sorted 'each interpreter has its own globals' $'1\n1\n1' --interpreters=3 own_globals.lua
prints_sorted 'an interpreter is closed when its worker ends: its threads and finalizers run' $'finalizer\nfinalizer\nthread\nthread' \
  --interpreters=2 ends_late.lua
prints '--interpreters=1 is one worker' '1 of 1' --interpreters=1 worker.lua
prints_sorted '--repeat runs interpreters again' $'1 of 2\n1 of 2\n2 of 2\n2 of 2' --interpreters=2 --repeat=2 worker.lua
prints '--threads=1 is one worker' '1 of 1' --threads=1 worker.lua
prints '--repeat runs a plain script again' $'plain\nplain\nplain' --repeat=3 plain.lua
prints '--cores=1 is enough' 'plain' --cores=1 plain.lua

# Each interpreter may use as much as the flag says, and one that wants more leaves the others theirs.
prints_sorted '--max-memory holds in each interpreter' $'1 enough\n2 not enough memory\n3 enough' \
  --interpreters=3 --max-memory=64M memory_in_second.lua
refuses 'interpreters have no schedule' 2 'cannot schedule what --interpreters asks for' \
  --schedule=random --interpreters=2 plain.lua
run --interpreters=2 --stats worker.lua
want_status 0
for word in 'worker 1' 'worker 2' main all; do grep -q "$word" err || complain "no '$word' in the statistics"; done
want_narrow err
conclude '--stats shows the locks of the interpreters, too'

# ---- Settings

prints '--no-gil takes the lock out' $'false\t0.005' --no-gil settings.lua
prints '-X gil=0 does the same' $'false\t0.005' -X gil=0 settings.lua
prints '--switch-interval sets the interval' $'true\t0.0005' --switch-interval=500us settings.lua
cat >comes_back.lua <<'LUA'
local threading, time, gil = require "threading", require "time", require "gil"
local done = false
local computes = threading.Thread{target = function() while not done do end end}
computes:start()
-- However late the other one gets the GIL: with such intervals nobody but an urgent thread asks for it.
local function requests()
  for _, thread in ipairs(gil.stats()) do
    if thread.thread == "main" then return thread.requests end
  end
end
repeat time.sleep(0.001) until requests() >= 20
done = true
computes:join()
print(true)
LUA
prints '--gil-policy=io-first: who is back from a sleep does not wait for the interval' true \
  --gil-policy=io-first --switch-interval=1000s comes_back.lua
prints '--gil-policy=io-first: nor with a counted interval, nor where functions and loops alone are switch points' \
  true --gil-policy=io-first --switch-interval=100000000000i --switch-points=loops comes_back.lua
cat >is_woken.lua <<'LUA'
local threading, queue, time = require "threading", require "queue", require "time"
local items, had_it = queue.Queue(), false
local consumer = threading.Thread{target = function() items:get() had_it = true end}
consumer:start()
time.sleep(0.01)
items:put(1)
for _ = 1, 3e6 do end
print(had_it)
consumer:join()
print(had_it)
LUA
prints '--gil-policy=io-first: who is woken by another thread waits for the interval' $'false\ntrue' \
  --gil-policy=io-first --switch-interval=1000s is_woken.lua
run --gil-policy=interval --switch-interval=1000s --timeout=2s comes_back.lua
want_status 124
conclude '--gil-policy=interval: who is back from a sleep waits for the interval'
prints '--gil-policy=io-first changes nothing where there is no GIL' plain --no-gil --gil-policy=io-first plain.lua
prints '--switch-interval may count instructions' $'true\tnil\t100' --switch-interval=100i settings.lua
prints '--like sets all of them' $'true\t0.1' --like=ruby3 settings.lua
prints '--lock=object is no GIL' $'false\t0.005' --lock=object settings.lua
prints '--like=cpython3.14t is --lock=object' $'false\t0.005' --like=cpython3.14t settings.lua
prints 'a flag wins over the part of --like that it names' $'false\t0.1' --like=ruby3 --no-gil settings.lua

export GILVM_LOCK=none GILVM_SWITCH_INTERVAL=1ms
prints 'environment variables are flags' $'false\t0.001' settings.lua
prints 'the command line wins over them' $'true\t0.001' --gil settings.lua
export GILVM_LOCK=nothing
refuses 'a wrong value in the environment names the variable' 2 "GILVM_LOCK: 'nothing' is not a lock regime" settings.lua
unset GILVM_LOCK GILVM_SWITCH_INTERVAL
GILVM_TIMEOUT=300ms run loop.lua
want_status 124
conclude 'GILVM_TIMEOUT ends an endless script'
GILVM_THREADS=2 run worker.lua
sort -o out out
want_output $'1 of 2\n2 of 2'
conclude 'GILVM_THREADS sets the workers'

run --stats --threads=2 worker.lua
want_status 0
[[ $(wc -l <out) == 2 ]] || complain 'the statistics are on standard output'
for word in switches 'worker 1' 'worker 2' main all; do grep -q "$word" err || complain "no '$word' in the statistics"; done
want_narrow err
conclude '--stats shows a row for each thread on standard error'

# ---- Results

# json_is SENTENCE PATH VALUE ARGUMENT...: the output is one JSON document with that value at the path.
json_is() {
  run "${@:4}"
  want_status 0
  want_silence
  local value
  value=$("$gilvm" "$here/json_value.lua" "$2" <out 2>err) || complain "no JSON: $(head -n 1 err)"
  [[ $value == "$3" ]] || complain "$2 is '$value' instead of '$3'"
  conclude "$1"
}
json_is 'run --json writes the experiment as JSON' repeats.1.expected 300 --json --threads=3 counter.lua
json_is 'it has an entry for each repetition' repeats 4 --json --repeat=4 counter.lua
json_is 'it names the world' world.lock none --json --no-gil counter.lua
json_is 'it names interpreters' world.workers interpreters --json --interpreters=2 counter.lua
json_is 'an interpreter counts for itself' repeats.1.observed 0 --json --interpreters=2 counter.lua
json_is 'a process counts for itself' repeats.1.observed 0 --json --processes=2 counter.lua
json_is 'compare --json has the interpreters before the processes' worlds.5.world.workers interpreters \
  compare --json --repeat=1 counter.lua
json_is 'compare --json has an object for each world' worlds 6 compare --json --repeat=1 counter.lua

for arguments in 'run counter.lua' 'compare --repeat=2 counter.lua' "compare --repeat=1 $examples/lost_update.lua 20000"; do
  read -r -a words <<<"$arguments"
  run "${words[@]}"
  want_status 0
  want_silence
  grep -q 'threads/gil every' out || complain 'there is no row threads/gil every'
  [[ ${words[0]} == run ]] || grep -q '^interpreters' out || complain 'there is no row of interpreters'
  [[ $(cat out) != *$'\e'* && $(cat out) != *$'\r'* ]] || complain 'there are control characters in the table'
  want_narrow out
  conclude "a pipe gets the table alone, 80 columns wide: ${words[*]##*/}"
done

# On a terminal: colour, unless NO_COLOR asks for none. script(1) lends a terminal.
if command -v script >/dev/null; then
  for color in yes no; do
    export TERM=xterm
    [[ $color == yes ]] || export NO_COLOR=1
    run --version
    command script -qec "'$gilvm' run counter.lua" /dev/null >out 2>err </dev/null || complain 'it fails on a terminal'
    if [[ $color == yes ]]; then
      grep -q $'\e\[[0-9;]*m' out || complain 'there is no colour'
      conclude 'a table on a terminal has colours'
    else
      grep -q $'\e\[[0-9;]*m' out && complain 'there is a colour'
      conclude 'under NO_COLOR it has none'
    fi
    unset NO_COLOR
    export TERM=dumb
  done
fi

run dis plain.lua
want_status 0
grep -q 'print("plain")' out || complain 'there is no source line'
conclude 'dis shows the source beside the bytecode'

# ---- Deadlocks

script philosophers <<'LUA'
local threading, time = require "threading", require "time"
local left, right = threading.Lock(), threading.Lock()
local holding = threading.Semaphore(0)
local function eat(first, second)
  local one <close> = first:hold()
  holding:release()
  while holding.value < 2 do time.sleep(0) end
  local two <close> = second:hold()
end
local ana = threading.Thread{target = eat, args = {left, right}, name = "Ana"}
local bia = threading.Thread{target = eat, args = {right, left}, name = "Bia"}
ana:start()
bia:start()
ana:join()
LUA
script itself <<'LUA'
local lock = require "threading".Lock()
lock:acquire()
print(pcall(lock.acquire, lock))
LUA
script dead_holder <<'LUA'
local threading = require "threading"
local lock = threading.RLock()
local thread = threading.Thread{target = function() lock:acquire() end}
thread:start()
thread:join()
lock:acquire()
LUA
script nobody_notifies <<'LUA'
local threading = require "threading"
local condition = threading.Condition()
threading.Thread{target = function()
  local held <close> = condition:hold()
  condition:wait()
end}:start()
LUA
script nobody_puts <<'LUA'
require "queue".SimpleQueue():get()
LUA
script deadlocked_experiment <<'LUA'
local lock = require "threading".Lock()
return experiment{name = "deadlock", worker = function() lock:acquire() end}
LUA
script waits_for_child <<'LUA'
local multiprocessing, threading = require "multiprocessing", require "threading"
local lock = threading.Lock()
lock:acquire()
threading.Thread{target = function() lock:acquire() end}:start()
local child = multiprocessing.Process{target = function() require "time".sleep(0.2) end}
child:start()
child:join()
lock:release()
print("done")
LUA
readonly deadlock='gilvm: deadlock: every thread waits, and none can wake another'
for lock in --gil --no-gil --switch-interval=1i; do
  run run philosophers.lua $lock
  want_status 3
  want_error "$deadlock
  main waits at philosophers.lua:14 for the end of Ana
  Ana waits at philosophers.lua:8 for the Lock that Bia took at philosophers.lua:5
  Bia waits at philosophers.lua:8 for the Lock that Ana took at philosophers.lua:5"
  conclude "a deadlock is reported, $lock: who waits for what, who has it, and where he took it"

  run run waits_for_child.lua $lock
  want_status 0
  want_output done
  want_silence
  conclude "a thread that waits for a process is no deadlock, $lock"
done
run itself.lua
want_status 3
want_output ''
want_error "$deadlock
  main waits at itself.lua:3 for the Lock that it took itself at itself.lua:2"
conclude 'a thread that waits for itself is a deadlock, which pcall does not catch'
run dead_holder.lua
want_status 3
want_error "$deadlock
  main waits at dead_holder.lua:6 for the RLock that a thread, which has ended, took at dead_holder.lua:3"
conclude 'the one that has the lock may have ended'
run nobody_notifies.lua
want_status 3
want_error "$deadlock
  main waits for the end of Thread-1
  Thread-1 waits at nobody_notifies.lua:5 in wait()"
conclude 'the report names what the script has called, and a main thread whose script is at its end'
run nobody_puts.lua
want_status 3
want_error "$deadlock
  main waits at nobody_puts.lua:1 in get()"
conclude 'a queue that nobody puts anything into is a deadlock'
run run itself.lua --processes=2
want_status 3
conclude 'a deadlock in a child process is its exit status'
run run itself.lua --interpreters=2
want_status 3
grep -q '^gilvm: deadlock' err || complain 'there is no report'
grep -q 'worker 2 waits at itself.lua:3 for the Lock that it took itself at itself.lua:2' err || complain 'it does not name the worker'
conclude 'a deadlock of interpreters is one, and names the workers'
run run deadlocked_experiment.lua --threads=2
want_status 3
conclude 'a deadlock ends an experiment'
run run philosophers.lua --lang=pt-BR
want_status 3
grep -q 'Ana espera em philosophers.lua:8 pelo Lock que Bia pegou em philosophers.lua:5' err ||
  complain 'there is no line in Portuguese'
conclude 'the report speaks Portuguese'

# ---- Deterministic schedules

script letters <<'LUA'
for _ = 1, 5 do io.write(arg.worker) x = (x or 0) + 1 end
LUA
script one_lost <<'LUA'
return experiment {
  name = "one_lost",
  setup = function() counter = 0 end,
  worker = function() for _ = 1, tonumber(arg[1] or 20) do counter = counter + 1 end end,
  observe = function() return counter end,
  expect = function(n) return n * 20 end,
}
LUA
script all_from_the_seed <<'LUA'
local time = require "time"
local start = time.monotonic()
time.sleep(3600)
print(time.monotonic() - start >= 3600, time.time(), os.time(), os.clock(), os.getpid(), os.cpu_count())
print(math.random(1000000), {}, print, io.stdout, string.format("%p", {}), require "threading".Lock())
local words = {}
for index = 1, 9 do
  words["w" .. index] = index
  words[{}] = index
  words[debug.upvalueid(function() return index end, 1)] = index
end
for _, value in pairs(words) do io.write(value, " ") end
print(require "threading".get_native_id())
LUA
script spins <<'LUA'
local thread = require "threading".Thread{target = function() stop = true end}
thread:start()
while not stop do end
print "stopped"
LUA
script runs_for_ever <<'LUA'
while true do end
LUA
script sleeps_for_ever <<'LUA'
while true do require "time".sleep(3600) end
LUA
script deadlocks_by_chance <<'LUA'
local threading = require "threading"
local a, b = threading.Lock(), threading.Lock()
local function work(first, second)
  return function() first:acquire() second:acquire() second:release() first:release() end
end
local one, other = threading.Thread{target = work(a, b)}, threading.Thread{target = work(b, a)}
one:start() other:start() one:join() other:join()
print "done"
LUA
script fails_by_chance <<'LUA'
local threading = require "threading"
x = 0
local thread = threading.Thread{target = function() x = 1 x = 0 end}
thread:start()
if x ~= 0 then error("seen: " .. x) end
thread:join()
LUA

for schedule in random pct round-robin; do
  run run --no-gil --threads=3 --schedule=$schedule --seed=5 --stats letters.lua
  mv out out.first && mv err err.first
  run run --no-gil --threads=3 --schedule=$schedule --seed=5 --stats letters.lua
  want_status 0
  want_output "$(cat out.first)"
  want_error "$(cat err.first)"
  conclude "--schedule=$schedule: the same seed gives the same output, statistics and schedule"
  run run --schedule=$schedule --seed=5 all_from_the_seed.lua
  mv out out.first
  run run --schedule=$schedule --seed=5 all_from_the_seed.lua
  want_status 0
  want_silence
  want_output "$(cat out.first)"
  grep -q '^true' out || complain 'it did not sleep'
  conclude "--schedule=$schedule: time, random numbers, addresses and the order of tables come from the seed"
  for flags in '' --no-gil --switch-points=loops --switch-interval=10i; do
    prints "--schedule=$schedule $flags: an endless loop leaves others their turn" stopped \
      run --schedule=$schedule $flags spins.lua
  done
done

run run --no-gil --threads=3 --schedule=random --seed=5 --stats letters.lua
mv err err.first
command script -qec "'$gilvm' run --no-gil --threads=3 --schedule=random --seed=5 --stats letters.lua 2>err" /dev/null \
  </dev/null >out
want_error "$(cat err.first)"
conclude 'a schedule does not depend on what standard output is'
run run --no-gil --threads=3 --schedule=random --seed=5 letters.lua
mv out out.first
for seed in 6 7 8; do
  run run --no-gil --threads=3 --schedule=random "--seed=$seed" letters.lua
  cmp -s out out.first || break
done
[[ $(fold -w1 out | sort) == "$(fold -w1 out.first | sort)" ]] || complain 'a letter is missing'
! cmp -s out out.first || complain 'four seeds give one interleaving'
conclude 'another seed gives another interleaving'
run run --schedule=random --seed=5 all_from_the_seed.lua
mv out out.first
run run --schedule=random --seed=6 all_from_the_seed.lua
! cmp -s out out.first || complain 'the output is that of another seed'
conclude 'another seed gives other random numbers'

run run --no-gil --threads=2 --schedule=random --seed=1 one_lost.lua --json
want_status 0
grep -q '"expected":40,"observed":[0-9]*,"ok":false' out || complain 'no update was lost'
(($(grep -c '^schedule' err) == 1)) || complain 'there is no schedule'
grep -qF "\"shrunk\":{\"schedule\":\"$(sed 's/.* //' err)\"" out || complain 'the JSON has another schedule'
mv out out.first
cp err lost.schedule
conclude 'without the lock a seed loses updates, and the schedule is printed'
run replay "$(grep -o '"schedule":"[^"]*"' out.first | head -n 1 | cut -d '"' -f 4)" one_lost.lua --json
want_status 0
want_silence
want_output "$(sed 's/,"shrunk":{[^}]*}//' out.first)"
conclude 'replay runs a schedule again, without a flag'
run replay "$(sed 's/.* //' lost.schedule)" one_lost.lua --json
mv out out.first
run replay lost.schedule one_lost.lua --json
want_status 0
want_output "$(cat out.first)"
conclude 'replay reads a schedule from a file'
run replay lost.schedule one_lost.lua 19
want_status 4
want_output ''
grep -q 'gilvm: the schedule is of another script, or of other arguments' err || complain 'it does not say why'
grep -q 'gilvm: the run leaves the schedule \(at\|between\) step' err || complain 'it does not say where'
conclude 'a replay of another program says where it leaves the schedule, and ends'
run replay --continue lost.schedule one_lost.lua 19 --json
want_status 0
grep -q '"observed":' out || complain 'there is no result'
grep -q 'gilvm: the run leaves the schedule' err || complain 'it does not say where'
conclude '--continue goes on from there'
sed 's/ [^ ,]*,/ 0.0.1,/' lost.schedule >old.schedule
run replay old.schedule one_lost.lua --json
want_status 0
want_line 'the schedule is of gilvm 0.0.1, and this is gilvm'
conclude 'a schedule of another version is tried, and said to be one'
refuses 'a word that is no schedule is refused' 2 "'1,2' is neither a schedule nor a file that holds one" \
  replay 1,2 one_lost.lua
refuses 'a file that holds no schedule is refused' 2 'is neither a schedule nor a file' replay out.first one_lost.lua

run run --threads=2 --schedule=random --seed=1 --repeat=3 --no-gil one_lost.lua --json
mv out out.first
run run --threads=2 --schedule=random --seed=2 --no-gil one_lost.lua --json
sed 's/"shrunk":{[^}]*}//' out.first | grep -o '"schedule":"[^"]*"' | sed -n 2p >second
[[ $(cat second) == "$(grep -o '"schedule":"[^"]*"' out | head -n 1)" ]] || complain 'the second repetition is another run'
conclude 'with --repeat each run has the next seed, by which it can be run alone'

deadlocks='' ends=''
for seed in {0..19}; do
  run run --schedule=random "--seed=$seed" deadlocks_by_chance.lua
  case $status in
    3) deadlocks=$seed && cp err deadlock.schedule ;;
    0) ends=$seed ;;
    *) complain "exit status $status" ;;
  esac
done
[[ -n $deadlocks && -n $ends ]] || complain "deadlocked with seed ${deadlocks:-none}, ended with ${ends:-none}"
grep -q "^$deadlock" deadlock.schedule || complain 'there is no report'
grep -q '^schedule' deadlock.schedule || complain 'there is no schedule'
conclude 'some seeds deadlock: at once, with the report, status 3 and the schedule'
run replay deadlock.schedule deadlocks_by_chance.lua
want_status 3
want_error "$(grep -v '^schedule' deadlock.schedule)"
conclude 'a replay comes to the same deadlock'

failing=''
for seed in {0..39}; do
  run run --no-gil --schedule=random "--seed=$seed" fails_by_chance.lua
  [[ $status == 1 ]] && failing=$seed && cp err failing.schedule
done
[[ -n $failing ]] || complain 'no seed sees the value between'
grep -q 'seen: [01]' failing.schedule || complain 'there is no error'
run replay failing.schedule fails_by_chance.lua
want_status 1
want_error "$(grep -v '^schedule' failing.schedule)"
conclude 'an error that needs a certain order has a schedule, which brings it back'

times_out 'a deterministic loop without end is stopped' --schedule=random runs_for_ever.lua
times_out 'so is one that sleeps without end, in no time' --schedule=round-robin sleeps_for_ever.lua

refuses '--schedule knows its kinds' 2 "--schedule: 'dice' is unknown; accepted: os, random" --schedule=dice plain.lua
refuses '--seed needs a schedule' 2 '--seed needs --schedule=random' --seed=1 plain.lua
refuses 'processes have no schedule' 2 'cannot schedule what --processes asks for' \
  --schedule=random --processes=2 plain.lua
refuses 'compare has no schedule' 2 'compare does not take --schedule' compare --schedule=random one_lost.lua
for call in 'os.execute("true")' 'io.popen("true")' \
  'require "multiprocessing".Process{target = print}:start()' 'require "multiprocessing".Pipe()' \
  'local a = require "asyncio" a.run(function() a.await(a.start_server(print, "127.0.0.1", 0)) end)' \
  'local a = require "asyncio" a.run(function() a.await(a.create_subprocess_exec("true")) end)' 'os.sched_setaffinity(0, {0})'; do
  printf '%s\n' "$call" >refused.lua
  run --schedule=random refused.lua
  want_status 1
  name=${call%%(*}
  case $call in
    *Process*) name=multiprocessing.Process.start ;;
    *Pipe*) name=multiprocessing.Pipe ;;
    *start_server*) name=asyncio.start_server ;;
    *create_subprocess*) name=asyncio.create_subprocess_exec ;;
  esac
  grep -qF "$name is not possible under a deterministic schedule" err || complain 'it is not refused by name'
  conclude "$name is refused under a schedule"
done

# ---- Help, and the language

for language in en pt-BR; do
  for command in '' run compare explore replay dis; do
    run "--lang=$language" ${command:+"$command"} --help
    want_status 0
    want_silence
    [[ -s out ]] || complain 'there is no help'
    want_narrow out
    conclude "gilvm ${command:+$command }--help in $language fits a terminal"
  done
done
run --version
want_status 0
[[ $(cat out) =~ ^gilvm\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || complain 'that is no version'
conclude '--version is one line'

refuses '--lang=pt-BR speaks Portuguese' 2 'não existe a opção --bogus' --lang=pt-BR --bogus plain.lua
unset LC_ALL
LANG=pt_BR.UTF-8 refuses 'so does LANG=pt_BR.UTF-8' 2 'não existe a opção --bogus' --bogus plain.lua
LANG=pt_BR.UTF-8 refuses '--lang=en wins over LANG' 2 'there is no flag --bogus' --lang=en --bogus plain.lua
GILVM_LANG=pt-BR refuses 'so speaks GILVM_LANG' 2 'não existe a opção --bogus' --bogus plain.lua
export LC_ALL=C.UTF-8

printf '%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
