// The module `concurrent.interpreters`: what crosses, what is refused, who may do what when.
#include "tests/lib/interpreter_scripts.h"

namespace gilvm {

TEST_CASE("an interpreter has a number, and the first is the main one", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a, b = interpreters.create(), interpreters.create()
    local main = interpreters.get_main()
    return table.concat({main.id, a.id, b.id, tostring(a), a.whence, main.whence, #interpreters.list_all()}, ' '))") ==
        "0 1 2 Interpreter(1) _interpreters module runtime init 3");
}

TEST_CASE("two objects of one interpreter are equal", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a, b = interpreters.create(), interpreters.create()
    return tostring(a == interpreters.list_all()[2]) .. tostring(a == b) ..
      tostring(interpreters.get_current() == interpreters.get_main()))") == "truefalsetrue");
}

TEST_CASE("an interpreter knows itself, and all others", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a, b = interpreters.create(), interpreters.create()
    return b:call(function(a)
      local interpreters = require 'interpreters'
      local me, main = interpreters.get_current(), interpreters.get_main()
      return me.id .. main.id .. #interpreters.list_all() .. tostring(interpreters.list_all()[2] == a)
    end, a))") == "203true");
}

TEST_CASE("a call gets arguments and gives all results", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    local results = table.pack(a:call(function(...) return select('#', ...), nil, ({...})[3].x, nil end, nil, 2, {x = 'y'}))
    return results.n .. results[1] .. tostring(results[2]) .. results[3])") == "43nily");
}

TEST_CASE("globals and captured variables are copies", "[interpreters]") {
  CHECK(run_interpreters(R"(
    x = 1
    local y, list = 2, {3}
    local a = interpreters.create()
    local theirs = a:call(function() x, y = (x or 10) + 1, y + 1 list[1] = 4 return x .. y .. list[1] end)
    local again = a:call(function() return x end)
    return theirs .. ' ' .. again .. ' ' .. x .. y .. list[1])") == "1134 11 123");
}

TEST_CASE("what is built in is the other interpreter's own", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    local queue = require 'queue'
    string.mine = 1
    return a:call(function(format) return tostring(string.mine) .. tostring(format == string.format) ..
      tostring(queue == require 'queue') end, string.format))") == "niltruetrue");
}

TEST_CASE("exec runs text and functions in the globals", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    a:exec("x = 1")
    a:exec(function() x = x + 1 end)
    return a:call(function() return x end))") == "2");
}

TEST_CASE("prepare_main sets globals", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    a:prepare_main{x = 1, t = {2}}
    return a:call(function() return x + t[1] end) .. problem(a.prepare_main, a, {[1] = 2}))") ==
        "3TypeError: prepare_main: names must be strings, got a number");
}

TEST_CASE("an error in another interpreter is ExecutionFailed", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local builtins = require 'builtins'
    local a = interpreters.create()
    local ok, e = pcall(a.call, a, function() error(require 'builtins'.ValueError('bad')) end)
    return tostring(builtins.isinstance(e, interpreters.ExecutionFailed)) ..
      tostring(builtins.isinstance(e, interpreters.InterpreterError)) ..
      ' ' .. e.excinfo.type.__name__ .. ' ' .. e.excinfo.msg .. ' ' .. e.excinfo.formatted)") ==
        "truetrue ValueError bad ValueError: bad");
}

TEST_CASE("an error of Lua has its position in the sender's script", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    local ok, e = pcall(a.call, a, function() local x = nil + 1 end)
    return e.excinfo.type.__name__ .. ' ' .. e.excinfo.msg)") ==
        "error test:4: attempt to perform arithmetic on a nil value");
}

TEST_CASE("text that does not compile is ExecutionFailed", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    local ok, e = pcall(a.exec, a, "x = = 1")
    return e.excinfo.msg)") == "[string \"x = = 1\"]:1: unexpected symbol near '='");
}

TEST_CASE("an interpreter works on after an error", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    for i = 1, 10 do problem(a.call, a, function() x = (x or 0) + 1 error('no') end) end
    return a:call(function() return x end))") == "10");
}

TEST_CASE("what cannot cross is refused with its path", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    return problem(a.call, a, print, {x = {coroutine.create(print)}}))") ==
        "concurrent.interpreters.NotShareableError: cannot send a thread (at [2].x[1])");
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    return problem(a.call, a, function() return threading.Lock() end) .. ', ' ..
      problem(a.call, a, print, threading.Lock()))")
            .find("NotShareableError: cannot send a Lock") != std::string::npos);
  CHECK(run_interpreters(R"(
    return tostring(interpreters.is_shareable{1, 'a'}) .. tostring(interpreters.is_shareable(io.tmpfile())) ..
      tostring(interpreters.is_shareable(interpreters.create_queue())))") == "truefalsetrue");
}

TEST_CASE("a process cannot get what belongs to this one", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local reader, writer = require 'multiprocessing'.Pipe(false)
    return problem(writer.send, writer, interpreters.create_queue()))") ==
        "TypeError: cannot send a Queue: it belongs to this process");
}

TEST_CASE("what is no function cannot be called", "[interpreters]") {
  CHECK(run_interpreters("return problem(interpreters.create().call, interpreters.create(), 1)") ==
        "TypeError: call: a function expected, got number");
  CHECK(run_interpreters("return problem(interpreters.create().exec, interpreters.create(), {})") ==
        "TypeError: exec: a function expected, got table");
}

TEST_CASE("one call at a time runs in an interpreter", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a, q, begun = interpreters.create(), interpreters.create_queue(), interpreters.create_queue()
    local thread = a:call_in_thread(function() begun:put(true) q:get() end)
    begun:get()
    local found = tostring(a:is_running()) .. ' ' .. problem(a.call, a, print) .. ' ' .. problem(a.exec, a, 'x = 1') ..
      ' ' .. problem(a.prepare_main, a, {}) .. ' ' .. problem(a.close, a)
    q:put(true)
    thread:join()
    return found .. ' ' .. tostring(a:is_running()))") ==
        "true concurrent.interpreters.InterpreterError: interpreter already running "
        "concurrent.interpreters.InterpreterError: interpreter already running "
        "concurrent.interpreters.InterpreterError: interpreter already running "
        "concurrent.interpreters.InterpreterError: cannot close an interpreter that is running false");
}

TEST_CASE("the main interpreter runs always", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local main = interpreters.get_main()
    return tostring(main:is_running()) .. ' ' .. problem(main.call, main, print) .. ' ' .. problem(main.close, main))") ==
        "true concurrent.interpreters.InterpreterError: interpreter already running "
        "concurrent.interpreters.InterpreterError: cannot close the main interpreter");
}

TEST_CASE("an interpreter can neither call nor close itself", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    return a:call(function()
      local interpreters = require 'interpreters'
      local me = interpreters.get_current()
      return select(2, pcall(me.close, me)).args[1] .. ', ' .. select(2, pcall(me.call, me, print)).args[1]
    end))") == "cannot close the current interpreter, interpreter already running");
}

TEST_CASE("an interpreter that is closed is not found", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    a:close()
    return problem(a.call, a, print) .. ' ' .. problem(a.is_running, a) .. ' ' .. problem(a.close, a) .. ' ' ..
      problem(a.call_in_thread, a, print) .. ' ' .. #interpreters.list_all() .. ' ' .. interpreters.create().id)") ==
        "concurrent.interpreters.InterpreterNotFoundError: unrecognized interpreter ID 1 "
        "concurrent.interpreters.InterpreterNotFoundError: unrecognized interpreter ID 1 "
        "concurrent.interpreters.InterpreterNotFoundError: unrecognized interpreter ID 1 "
        "concurrent.interpreters.InterpreterNotFoundError: unrecognized interpreter ID 1 1 2");
}

TEST_CASE("a variable of an interpreter closes it", "[interpreters]") {
  CHECK(run_interpreters(R"(
    do local a <close> = interpreters.create() end
    do local a <close> = interpreters.create() a:close() end
    return #interpreters.list_all())") == "1");
}

TEST_CASE("closing waits for the threads, and calls the finalizers", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a, q = interpreters.create(), interpreters.create_queue()
    a:call(function()
      kept = setmetatable({}, {__gc = function() q:put('finalizer') end})
      require 'threading'.Thread{target = function() q:put('thread') end}:start()
    end)
    a:close()
    return q:get_nowait() .. ' ' .. q:get_nowait())") == "thread finalizer");
}

TEST_CASE("an interpreter closes the one that made it", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    local b = a:call(function() return require 'interpreters'.create() end)
    return b:call(function(a) a:close() return #require 'interpreters'.list_all() end, a))") == "2");
}

TEST_CASE("no interpreter but the main one has daemons and child processes", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    return a:call(function()
      local function problem(...) return tostring(select(2, pcall(...))) end
      local threading = require 'threading'
      return problem(threading.Thread, {target = print, daemon = true}) .. ', ' ..
        problem(function() threading.Thread{target = print}.daemon = true end) .. ', ' ..
        problem(function() require 'multiprocessing'.Process{target = print}:start() end)
    end))") ==
        "RuntimeError: daemon threads are disabled in this (sub)interpreter, "
        "RuntimeError: daemon threads are disabled in this (sub)interpreter, "
        "RuntimeError: fork not supported for isolated subinterpreters");
}

TEST_CASE("a child process has none of the interpreters", "[interpreters][forks]") {
  CHECK(run_interpreters(R"(
    local mp = require 'multiprocessing'
    local a, q, busy = interpreters.create(), interpreters.create_queue(), interpreters.create_queue()
    local thread = a:call_in_thread(function() while q:empty() do busy:put(1) busy:get() end end)
    local reader, writer = mp.Pipe(false)
    local child = mp.Process{target = function()
      writer:send(#interpreters.list_all() .. problem(a.call, a, print) .. interpreters.create():call(function() return 7 end))
    end}
    child:start()
    local found = reader:recv()
    child:join()
    q:put(1)
    thread:join()
    return found .. child.exitcode)") ==
        "1concurrent.interpreters.InterpreterNotFoundError: unrecognized interpreter ID 170");
}

TEST_CASE("an interpreter that nobody refers to is closed by the collector", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local closed = interpreters.create_queue()
    local function lose()
      interpreters.create():call(function() kept = setmetatable({}, {__gc = function() closed:put('closed') end}) end)
    end
    lose()
    for _ = 1, 100 do if closed:empty() then collectgarbage() end end
    return closed:get_nowait() .. #interpreters.list_all())") == "closed1");
}

TEST_CASE("an interpreter is kept by a value that is on its way", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local way = interpreters.create_queue()
    local function send()
      local a = interpreters.create()
      a:exec('x = 5')
      way:put{a}
    end
    send()
    for _ = 1, 5 do collectgarbage() end
    return #interpreters.list_all() .. way:get()[1]:call(function() return x end))") == "25");
}

TEST_CASE("an interpreter is kept by the one that refers to it", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    a:call(function() theirs = require 'interpreters'.create() theirs:exec('x = 5') end)
    for _ = 1, 5 do collectgarbage() a:call(function() collectgarbage() end) end
    return a:call(function() return theirs:call(function() return x end) end))") == "5");
}

TEST_CASE("an interpreter that goes takes along those that it alone refers to", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local function chain(count)
      following = require 'interpreters'.create()
      if count > 1 then following:call(chain, count - 1) end
    end
    chain(12)
    local before = #interpreters.list_all()
    following = nil
    for _ = 1, 100 do if #interpreters.list_all() > 1 then collectgarbage() end end
    return before .. ' ' .. #interpreters.list_all())") == "13 1");
}

TEST_CASE("a collection does not wait for the threads of an interpreter that is left", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local go, closed = interpreters.create_queue(), interpreters.create_queue()
    local function lose()
      interpreters.create():call(function()
        kept = setmetatable({}, {__gc = function() closed:put('closed') end})
        require 'threading'.Thread{target = function() go:get() end}:start()
      end)
    end
    lose()
    for _ = 1, 5 do collectgarbage() end
    local before = #interpreters.list_all()
    go:put(true)
    repeat  -- until the thread has ended, and the next one that is made finds that
      collectgarbage()
      interpreters.create():close()
    until not closed:empty()
    return before .. closed:get())") == "2closed");
}

TEST_CASE("an interpreter whose finalizer was called is as good as before, until it is closed",
          "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a = interpreters.create()
    local again = interpreters.list_all()[2]
    local finalize = getmetatable(a).__gc
    finalize(a)
    local result = a:call(function() return 7 end)
    finalize(again)
    return result .. problem(a.call, a, print))") ==
        "7concurrent.interpreters.InterpreterNotFoundError: unrecognized interpreter ID 1");
}

TEST_CASE("a string of a closed interpreter is not taken for one of the next", "[interpreters]") {
  CHECK(run_interpreters(R"(
    for number = 101, 140 do
      local a <close> = interpreters.create()
      local text = a:call(function(number) return (string.unpack('z', ('x'):rep(400) .. number .. '\0')) end, number)
      assert(text == ('x'):rep(400) .. number, text)
    end
    return 'good')") == "good");
}

TEST_CASE("a child process makes shared memory, whatever an interpreter was doing", "[interpreters][forks]") {
  CHECK(run_interpreters(R"(
    local Process = require 'multiprocessing'.Process
    local function make()
      local memory = require 'multiprocessing.shared_memory'.SharedMemory{create = true, size = 1}
      memory:close()
      memory:unlink()
    end
    local a, begun, ends = interpreters.create(), interpreters.create_queue(), interpreters.create_queue()
    local thread = a:call_in_thread(function() begun:put(true) while ends:empty() do make() end end)
    begun:get()
    local codes = 0
    for _ = 1, 10 do
      local child = Process{target = make}
      child:start()
      child:join()
      codes = codes + child.exitcode
    end
    ends:put(true)
    thread:join()
    return codes)") == "0");
}

TEST_CASE("a child process is told that an interpreter is closed, whatever its closer was doing",
          "[interpreters][forks]") {
  CHECK(run_interpreters(R"(
    local Process = require 'multiprocessing'.Process
    local a, ends = interpreters.create(), interpreters.create_queue()
    local latest = a
    local thread = threading.Thread{target = function()
      while ends:empty() do
        latest = interpreters.create()
        latest:close()
      end
    end}
    thread:start()
    local codes = 0
    for _ = 1, 10 do
      local child = Process{target = function() assert(not pcall(latest.call, latest, print)) end}
      child:start()
      child:join()
      codes = codes + child.exitcode
    end
    ends:put(true)
    thread:join()
    return codes)") == "0");
}

TEST_CASE("os.exit in an interpreter ends them all", "[interpreters]") {
  for (const LockSettings& lock : lock_regimes()) {
    ScriptVm vm(lock);
    vm.run(std::string(kInterpretersPrelude) + R"(
      local a, q = interpreters.create(), interpreters.create_queue()
      interpreters.create():call_in_thread(function() q:get() end)
      a:call(function() os.exit(7) end)
      reached = true)");
    CHECK(vm.vm().interruption() == Interruption::kExit);
    CHECK(vm.vm().exit_status() == 7);
    CHECK(vm.vm().globals->get_short(vm.thread().string("reached")).is_nil());
  }
}

TEST_CASE("a deadlock is one of all interpreters", "[interpreters]") {
  for (const LockSettings& lock : lock_regimes()) {
    ScriptVm vm(lock);
    unsigned found = 0;
    vm.vm().scheduler().on_deadlock = [&] {
      ++found;
      vm.vm().interrupt(Interruption::kDeadlock);
    };
    vm.run(std::string(kInterpretersPrelude) + R"(
      local a, b, q = interpreters.create(), interpreters.create(), interpreters.create_queue()
      a:call_in_thread(function() q:get() end)
      b:call(function() q:get() end))");
    CHECK(found == 1);
  }
}

TEST_CASE("a call in a call that goes too deep is an error, not a crash", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local function deeper()
      local interpreters = require 'interpreters'
      local a <close> = interpreters.create()
      return a:call(deeper)
    end
    return tostring(problem(deeper):find('overflow') ~= nil))") == "true");
}

TEST_CASE("a call in a thread reports its error there", "[interpreters]") {
  CHECK(run_interpreters(R"(
    local a, seen = interpreters.create()
    threading.excepthook = function(args) seen = args.exc_value end
    a:call_in_thread(function() error('no', 0) end):join()
    return seen.excinfo.msg)") == "no");
}

TEST_CASE("no schedule decides over several interpreters", "[interpreters]") {
  const std::string result =
      ScriptVm({}, 0, ScheduleKind::kRandom).run(std::string(kInterpretersPrelude) + "interpreters.create()");
  CHECK(result ==
        "test:2: interpreters.create is not possible under a deterministic schedule: who is at the other end "
        "goes their own way");
}

}  // namespace gilvm
