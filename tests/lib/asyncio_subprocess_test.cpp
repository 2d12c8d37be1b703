#include "tests/lib/asyncio_scripts.h"

namespace gilvm {
namespace {

// exec(...), shell(...): a program that runs; is_there(pid): as a process, if only as one whose end nobody
// has taken.
const std::string kSubprocess = R"(
  local PIPE, DEVNULL, STDOUT = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL, asyncio.subprocess.STDOUT
  local function exec(...) return await(asyncio.create_subprocess_exec(...)) end
  local function shell(...) return await(asyncio.create_subprocess_shell(...)) end
  local function is_there(pid)
    local file = io.open("/proc/" .. pid .. "/stat")
    if file then file:close() end
    return file ~= nil
  end )";

std::string run_programs(const std::string& source) { return run_in_task(kSubprocess + source); }

TEST_CASE("a program gets its arguments, and its output and status come back", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local p = exec("printf", "%s;", "one", "two words", "", {stdout = PIPE})
    say(p.returncode) say(p.stdin) say(p.stderr) say(p.pid > 0) say(tostring(p) == "<Process " .. p.pid .. ">")
    local out, err = await(p:communicate())
    say(out) say(err) say(p.returncode) say(await(p:wait()))
    p = shell("echo out; echo err >&2; exit 7", {stdout = PIPE, stderr = PIPE})
    out, err = await(p:communicate())
    say(out .. err) say(p.returncode)
    return said())") == "nil nil nil true true one;two words;; nil 0 0 out\nerr\n 7");
}

TEST_CASE("standard error goes where standard output goes, or nowhere", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local both = "echo out; echo err >&2; cat"
    local p = shell(both, {stdin = DEVNULL, stdout = PIPE, stderr = STDOUT})
    local out, err = await(p:communicate())
    say(out) say(err)
    p = shell(both, {stdin = DEVNULL, stdout = PIPE, stderr = DEVNULL})
    say(await(p:communicate()))
    p = shell(both, {stdin = DEVNULL, stdout = DEVNULL, stderr = PIPE})
    out, err = await(p:communicate())
    say(out) say(err)
    return said())") == "out\nerr\n nil out\n nil err\n");
}

TEST_CASE("descriptors may change places", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local p = shell([[exec "$0" -c 'echo out; echo err >&2' 3>&1 1>&2 2>&3]], {stdout = PIPE, stderr = PIPE})
    local out, err = await(p:communicate())
    say(out) say(err)
    p = exec("sh", "-c", "echo x >&2", {stderr = 1, stdout = DEVNULL, stdin = 0})
    say(await(p:wait()))
    return said())") == "err\n out\n 0");
}

TEST_CASE("a conversation with a program, line by line", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local p = exec("cat", {stdin = PIPE, stdout = PIPE})
    for i = 1, 3 do
      p.stdin:write(i .. "\n")
      await(p.stdin:drain())
      say((await(p.stdout:readline()):gsub("\n", ";")))
    end
    p.stdin:write("the end") p.stdin:write_eof()
    say(await(p.stdout:read())) say(p.stdout:at_eof()) say(await(p:wait())) say(p.stdin:is_closing())
    await(p.stdin:wait_closed())
    return said())") == "1; 2; 3; the end true 0 true");
}

TEST_CASE("much goes in and out at once", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local text = ("0123456789abcdef"):rep(1 << 17)
    local p = exec("cat", {stdin = PIPE, stdout = PIPE})
    local out = await(p:communicate(text))
    say(out == text)
    p = shell("head -c 1500000 /dev/zero; head -c 1500000 /dev/zero >&2; cat >&2", {stdin = PIPE, stdout = PIPE, stderr = PIPE})
    local err
    out, err = await(p:communicate{input = text})
    say(#out) say(#err == 1500000 + #text) say(p.returncode)
    return said())") == "true 1500000 true 0");
}

TEST_CASE("who does not read what comes is not flooded, and the program waits", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local p = exec("head", "-c", "3000000", "/dev/zero", {stdout = PIPE, limit = 1000})
    local _, problem = pcall(await, asyncio.wait_for(p:wait(), 0.05))
    say(problem) say(p.stdout._connection.size < 200000) say(p.returncode)
    local count = 0
    repeat
      local part = await(p.stdout:read(100000))
      count = count + #part
    until part == ""
    say(count) say(await(p:wait()))
    return said())") == "TimeoutError true nil 3000000 0");
}

TEST_CASE("a program that reads nothing of its input", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local text = ("x"):rep(1 << 20)
    local p = exec("true", {stdin = PIPE})
    local out = await(p:communicate(text))
    say(out) say(p.returncode)
    p = shell("exec <&-; exec sleep 1000", {stdin = PIPE})
    local drained, problem
    repeat
      p.stdin:write(text)
      drained, problem = pcall(await, p.stdin:drain())
    until not drained
    say(builtins.isinstance(problem, builtins.ConnectionError))
    p:kill() say(await(p:wait()))
    return said())") == "nil 0 true -9");
}

TEST_CASE("without input communicate closes the program's input", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local p = shell("cat; echo done", {stdin = PIPE, stdout = PIPE})
    say(await(p:communicate()))
    p = exec("true")
    say(show(await, p:communicate("x"))) say(show(await, p:communicate(3))) say(await(p:wait()))
    return said())") ==
        "done\n false ValueError: communicate(): there is input, but stdin is no PIPE "
        "false TypeError: communicate: input must be a string, got number 0");
}

TEST_CASE("what cannot be started is an error that names it", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local function problem(...)
      local _, exception = pcall(exec, ...)
      say(exception) say(exception.errno) say(exception.filename)
    end
    problem("no-such-program", "x")
    problem("./no/such/program")
    problem("/etc/passwd")
    problem("/etc/passwd/x")
    problem("true", {cwd = "/no/such/folder"})
    problem("true", {cwd = "/etc/passwd"})
    problem("true", {env = {PATH = "/no/such/folder"}})
    return said())") ==
        "FileNotFoundError: [Errno 2] No such file or directory: 'no-such-program' 2 no-such-program "
        "FileNotFoundError: [Errno 2] No such file or directory: './no/such/program' 2 ./no/such/program "
        "PermissionError: [Errno 13] Permission denied: '/etc/passwd' 13 /etc/passwd "
        "NotADirectoryError: [Errno 20] Not a directory: '/etc/passwd/x' 20 /etc/passwd/x "
        "FileNotFoundError: [Errno 2] No such file or directory: '/no/such/folder' 2 /no/such/folder "
        "NotADirectoryError: [Errno 20] Not a directory: '/etc/passwd' 20 /etc/passwd "
        "FileNotFoundError: [Errno 2] No such file or directory: 'true' 2 true");
}

TEST_CASE("arguments of the wrong kind are refused", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    for _, arguments in ipairs{{n = 0}, {3}, {"true", 3}, {"a\0b"}, {"true", {text = true}}, {"true", {stdin = STDOUT}},
      {"true", {stdout = "x"}}, {"true", {stdin = -7}}, {"true", {env = 3}}, {"true", {env = {["a=b"] = "c"}}}} do
      local _, problem = pcall(exec, table.unpack(arguments))
      list[#list + 1] = tostring(problem) .. "\n"
    end
    list[#list + 1] = show(shell, 3) .. "\n" .. show(shell, "true", "x")
    return table.concat(list))") ==
        "TypeError: program arguments must be a bytes or text string, not nil\n"
        "TypeError: program arguments must be a bytes or text string, not number\n"
        "TypeError: program arguments must be a bytes or text string, not number\n"
        "ValueError: embedded null byte\n"
        "TypeError: create_subprocess_exec() got an unexpected keyword argument 'text'\n"
        "ValueError: stdin: STDOUT can only be used for stderr\n"
        "TypeError: stdout must be PIPE, DEVNULL, a descriptor or None, not 'x'\n"
        "ValueError: stdin: no such descriptor\n"
        "TypeError: env must be a table, not 3\n"
        "ValueError: illegal environment variable name\n"
        "false ValueError: cmd must be a string\n"
        "false TypeError: create_subprocess_shell() takes keywords in one table, not 'x'");
}

TEST_CASE("a folder, an environment and a session of its own", "[asyncio][subprocess]") {
  CHECK(run_programs(R"lua(
    local function output(...) return (await(exec(...):communicate()):gsub("\n", ";")) end
    say(output("pwd", {cwd = "/usr", stdout = PIPE}))
    say(output("env", {env = {B = "2", A = "1 =", PATH = "/usr/bin:/bin"}, stdout = PIPE}))
    say(output("env", {env = {}, stdout = PIPE}) == "")
    local session = "cut -d ' ' -f 6 /proc/self/stat"
    say(output("sh", "-c", session, {stdout = PIPE}) == output("sh", "-c", session, {stdout = PIPE}))
    local p = exec("sh", "-c", session, {stdout = PIPE, start_new_session = true})
    say(tonumber((await(p:communicate()))) == p.pid)
    return said())lua") == "/usr; A=1 =;B=2;PATH=/usr/bin:/bin; true true true");
}

TEST_CASE("a program has no other descriptors than its three", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local other = exec("cat", {stdin = PIPE, stdout = PIPE})
    local file <close> = io.open("/dev/null")
    local p = exec("ls", "/proc/self/fd", {stdout = PIPE, stdin = PIPE, stderr = PIPE})
    say((await(p:communicate()):gsub("\n", ";")))
    other.stdin:close() say(await(other:wait()))
    return said())") == "0;1;2;3; 0");  // 3: the folder that it lists
}

TEST_CASE("signals, and the end that they make", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    for _, method in ipairs{"terminate", "kill"} do
      local p = exec("sleep", "1000")
      p[method](p)
      say(p.returncode) say(await(p:wait())) say(is_there(p.pid)) say(show(p[method], p))
    end
    local p = shell("trap 'exit 5' USR1; echo ready; while :; do sleep 0.01; done", {stdout = PIPE})
    await(p.stdout:readline())
    p:send_signal(10)
    say(await(p:wait())) say(show(p.send_signal, p, "x"))
    p = exec("sleep", "1000")
    say(show(p.send_signal, p, 1000))
    p:kill() say(await(p:wait()))
    return said())") ==
        "nil -15 false false ProcessLookupError nil -9 false false ProcessLookupError "
        "5 false TypeError: an integer is required (got type string) "
        "false OSError: [Errno 22] Invalid argument -9");
}

TEST_CASE("who waits may be cancelled, and the program goes on", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local p = exec("cat", {stdin = PIPE, stdout = PIPE})
    local waiting, other = create_task(p:wait()), create_task(p:wait())
    turn()
    waiting:cancel()
    say(show(await, waiting)) say(p.returncode) say(other:done())
    say(show(await, asyncio.wait_for(p:wait(), 0.01)))
    say(show(await, asyncio.wait_for(p:communicate(), 600)) == "true  nil") say(await(other))
    local q = exec("sleep", "1000")
    say(show(await, asyncio.wait_for(q:wait(), 0.01)))
    q:kill() say(await(q:wait()))
    return said())") ==
        "false asyncio.CancelledError nil false false TimeoutError true 0 false TimeoutError -9");
}

TEST_CASE("a program that outlives its loop is killed, and leaves no zombie", "[asyncio][subprocess]") {
  CHECK(run_asyncio("local exec_of = asyncio.create_subprocess_exec " + kSubprocess + R"(
    local p = asyncio.run(function()
      local p = exec("sleep", "1000", {stdin = asyncio.subprocess.PIPE})
      say(is_there(p.pid))
      return p
    end)
    say(is_there(p.pid)) say(p.returncode) say(show(p.kill, p))
    return said())") == "true false nil true");
}

TEST_CASE("many programs at once leave no zombie and no descriptor", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    -- Looked at from here: a program that counts them runs while its own pipe is still being set up.
    local function descriptors()
      local count = 0
      for number = 0, 300 do
        local file = io.open("/proc/self/fdinfo/" .. number)
        if file then
          file:close()
          count = count + 1
        end
      end
      return count
    end
    await(exec("true", {stdout = PIPE}):communicate())  -- the loop's own are open from now on
    local before, processes = descriptors(), {}
    for round = 1, 3 do
      local tasks = {}
      for i = 1, 20 do
        tasks[i] = create_task(function()
          local p = exec("sh", "-c", "read x; echo $x; exit " .. i, {stdin = PIPE, stdout = PIPE})
          local out = await(p:communicate(i .. "\n"))
          assert(tonumber(out) == i and p.returncode == i)
          processes[#processes + 1] = p
          return i
        end)
      end
      local sum = 0
      for _, part in ipairs(await(gather(table.unpack(tasks)))) do sum = sum + part end
      say(sum)
    end
    local left = 0
    for _, p in ipairs(processes) do left = left + (is_there(p.pid) and 1 or 0) end
    say(#processes) say(left) say(descriptors() - before)
    return said())") == "210 210 210 60 0 0");
}

TEST_CASE("asyncio and multiprocessing each get the ends of their own children", "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local mp = require "multiprocessing"
    local function both(round)
      local q = mp.Process{target = function() os.exit(30 + round) end}
      local p = shell("exit " .. round)
      q:start()
      if round % 2 == 0 then q:join() end
      local code = await(p:wait())
      q:join()
      return code .. ":" .. q.exitcode .. ":" .. select(3, os.execute("exit 9"))
    end
    for round = 1, 6 do say(both(round)) end
    -- A child of a fork has no part in the programs of its parent, and its own loop works.
    local p = exec("sleep", "1000")
    local child = mp.Process{target = function()
      os.exit(asyncio.run(function()
        local p = exec("sh", "-c", "exit 11")
        return await(p:wait())
      end))
    end}
    child:start()
    child:join()
    say(child.exitcode) say(is_there(p.pid)) say(p.returncode)
    p:terminate() say(await(p:wait()))
    return said())") == "1:31:9 2:32:9 3:33:9 4:34:9 5:35:9 6:36:9 11 true nil -15");
}

TEST_CASE("a task that waits for a program is no deadlock, and others run meanwhile",
          "[asyncio][subprocess]") {
  CHECK(run_programs(R"(
    local p = exec("cat", {stdin = PIPE})
    local other = create_task(function()
      for _ = 1, 5 do say(p.returncode) await(sleep(0.001)) end
      p.stdin:close()
    end)
    say(await(p:wait())) say(other:done())
    return said())") == "nil nil nil nil nil 0 true");
}

TEST_CASE("programs in loops of several threads", "[asyncio][subprocess]") {
  CHECK(run_asyncio(R"(
    local results = {}
    start(4, function(i)
      results[i] = asyncio.run(function()
        local sum = 0
        for k = 1, 5 do
          local p = await(asyncio.create_subprocess_shell("echo " .. k, {stdout = asyncio.subprocess.PIPE}))
          sum = sum + tonumber((await(p:communicate())))
        end
        return sum
      end)
    end)()
    return table.concat(results, " "))") == "15 15 15 15");
}

TEST_CASE("no deterministic schedule has programs", "[asyncio][subprocess]") {
  for (const std::string name : {"create_subprocess_exec", "create_subprocess_shell"}) {
    ScriptVm vm({LockRegime::kGil, {}, SwitchPoints::kLoops}, 0, ScheduleKind::kRandom);
    CHECK(vm.run(asyncio_prelude() + "return asyncio.run(function() return show(await, asyncio." + name +
                 "('true')) end)")
              .find("asyncio." + name + " is not possible under a deterministic schedule") !=
          std::string::npos);
  }
}

}  // namespace
}  // namespace gilvm
