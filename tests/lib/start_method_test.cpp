#include "tests/lib/process_scripts.h"

namespace gilvm {
namespace {

constexpr auto run = run_processes;

TEST_CASE("a spawned process has nothing but what it is sent", "[start_method]") {
  CHECK(run(R"(
    global_value = 5
    local captured, q = {1, 2}, mp.Queue()
    local p = mp.get_context("spawn").Process{
      target = function(a, t) q:put{tostring(global_value), #captured, a, t.key} end, args = {7}, kwargs = {key = "k"}}
    p:start()
    local got = q:get()
    p:join()
    return table.concat(got, " ") .. " " .. p.exitcode)") == "nil 2 7 k 0");
}

TEST_CASE("a spawned process shares locks, queues and memory with its parent", "[start_method]") {
  CHECK(run(R"(
    local Process = mp.get_context("spawn").Process
    local lock, value, array, event = mp.Lock(), mp.Value("i", 0), mp.Array("d", 2), mp.Event()
    local here, there = mp.Pipe()
    local condition, tasks = mp.Condition(), mp.JoinableQueue(5)
    local ps = {}
    for i = 1, 2 do
      ps[i] = Process{target = function()
        event:wait()
        for turn = 1, 300 do
          local held <close> = value:get_lock():hold()
          local also_held <close> = lock:hold()
          value.value = value.value + 1
        end
        array[i] = i + 0.5
        assert(tasks:get() == "task")
        tasks:task_done()
        local held <close> = condition:hold()
        condition:notify()
        there:send(i)
      end}
      ps[i]:start()
    end
    event:set()
    tasks:put("task") tasks:put("task")
    tasks:join()
    local sum = here:recv() + here:recv()
    return join(ps) .. " " .. value.value .. " " .. array[1] + array[2] .. " " .. sum)") == "0 0 600 4.0 3");
}

TEST_CASE("a spawned process ends with its error or its exit code", "[start_method]") {
  CHECK(run(R"(
    local Process = mp.get_context("spawn").Process
    local ps = {Process{target = os.exit, args = {9}}, Process{target = error, args = {"expected"}}, Process{},
                Process{target = function() while true do end end}}
    for i = 1, 4 do ps[i]:start() end
    ps[4]:terminate()
    return join(ps))") == "9 1 0 -15");
}

TEST_CASE("what a spawned process cannot be sent is refused by start", "[start_method]") {
  CHECK(run(R"(
    local p = mp.get_context("spawn").Process{target = print, args = {{file = io.tmpfile()}}}
    return problem(p.start, p) .. " " .. tostring(p:is_alive()) .. #mp.active_children())") ==
        "TypeError: cannot send a FILE* (at [4].file) false0");
}

TEST_CASE("the start method is set once, unless by force", "[start_method]") {
  CHECK(run(R"(
    local texts = {tostring(mp.get_start_method{allow_none = true}), table.concat(mp.get_all_start_methods(), ",")}
    mp.set_start_method("spawn")
    x = 1
    local p = mp.Process(function() os.exit(x == nil and 3 or 4) end)
    p:start() p:join()
    texts[3] = p.exitcode .. mp.get_start_method()
    texts[4] = problem(mp.set_start_method, "fork")
    mp.set_start_method("fork", true)
    texts[5] = mp.get_start_method() .. mp.get_context("spawn").get_start_method()
    texts[6] = problem(mp.get_context, "forkserver")
    return table.concat(texts, "; "))") ==
        "nil; fork,spawn; 3spawn; RuntimeError: context has already been set; forkspawn; ValueError: cannot "
        "find context "
        "for 'forkserver'");
}

TEST_CASE("a process knows itself, its parent and its children", "[start_method]") {
  CHECK(run(R"(
    local q, pid = mp.Queue(), os.getpid()
    for _, method in ipairs{"fork", "spawn"} do
      local p = mp.get_context(method).Process{name = "worker", target = function()
        local here = require "multiprocessing"
        local current, parent = here.current_process(), here.parent_process()
        q:put{current.name, current.pid == os.getpid(), current:is_alive(), parent.pid == pid, parent.name,
              parent:is_alive(), #here.active_children()}
      end}
      p:start()
      local got = q:get()
      p:join()
      for i = 1, 7 do got[i] = tostring(got[i]) end
      assert(table.concat(got, " ") == "worker true true true MainProcess true 0", table.concat(got, " "))
    end
    local main = mp.current_process()
    local p = mp.Process{target = time.sleep, args = {1000}}
    p:start()
    local children = mp.active_children()
    assert(#children == 1 and children[1] == p)
    p:kill() p:join()
    return main.name .. tostring(main.pid == pid) .. tostring(mp.parent_process()) .. #mp.active_children())") ==
        "MainProcesstruenil0");
}

TEST_CASE("a process object has attributes until it is closed", "[start_method]") {
  CHECK(run(R"(
    local p = mp.Process{target = time.sleep, args = {1000}}
    local function set(k, v) p[k] = v end
    p.name, p.daemon = "renamed", true
    local texts = {p.name .. tostring(p.daemon) .. tostring(p.pid), problem(set, "name", 5), problem(set, "pid", 5)}
    p:start()
    texts[4] = problem(set, "daemon", false)
    texts[5] = (problem(p.close, p):gsub(" You should.*", ""))
    p:kill() p:join() p:close() p:close()
    texts[6] = problem(p.join, p)
    return table.concat(texts, "; "))") ==
        "renamedtruenil; AssertionError: name must be a string; AttributeError: 'Process' object attribute "
        "'pid' is "
        "read-only; AssertionError: process has already started; ValueError: Cannot close a process while it "
        "is still "
        "running.; ValueError: process object is closed");
}

TEST_CASE("a daemon has no children", "[start_method]") {
  CHECK(run(R"(
    local q = mp.Queue()
    local p = mp.Process{daemon = true, target = function() local child = mp.Process() q:put(problem(child.start, child)) end}
    p:start() p:join()
    return q:get())") == "AssertionError: daemonic processes are not allowed to have children");
}

}  // namespace
}  // namespace gilvm
