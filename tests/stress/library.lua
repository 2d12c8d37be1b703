-- 8 threads call every part of the library at once on the same objects: files, random numbers, generators of patterns,
-- modules, locks, threads, processes, errors, the collector.
--
--     gilvm run --no-gil library.lua [ROUNDS] [SEED] [no-processes]
--
-- Errors are counted and tolerated; a crash or a hang is gilvm's fault.
local threading = require "threading"
local multiprocessing = require "multiprocessing"
local sys, time = require "sys", require "time"

local ROUNDS = tonumber(arg[1]) or 20000
local SEED = tonumber(arg[2]) or 1
local THREADS = 8

local shared = {
  file = io.tmpfile(),
  lock = threading.Lock(),
  list = {},
  words = ("the quick brown fox jumps over the lazy dog "):rep(3),
  iterator = ("one two three four five six seven eight"):rep(10):gmatch("%a+"),
  thread = threading.Thread{target = print},
  object = setmetatable({}, {
    __tostring = function() return "object" end,
    __index = function(_, key) return key end,
    __concat = function(a, b) return tostring(a) .. tostring(b) end,
    __close = function() end,
    __lt = function() return true end,
    __len = function() return 3 end,
    __call = function(_, ...) return ... end,
  }),
}
local quiet = io.open("/dev/null", "w")

local operations = {
  function() shared.file:write("line ", 1, "\n") end,
  function() shared.file:seek("set", 0) return shared.file:read("l", "n") end,
  function() for line in shared.file:lines() do if #line > 3 then break end end end,
  function() shared.file:flush() shared.file:setvbuf("full", 512) end,
  function(random) if random(50) == 1 then shared.file:close() shared.file = io.tmpfile() end end,
  function() quiet:write("text", 1.5, "\n") end,
  function() return io.type(shared.file), tostring(shared.file) end,
  function(random) return math.random(random(1000)) end,
  function(random) if random(50) == 1 then math.randomseed(random(1000)) end end,
  function() return shared.iterator() end,
  function() return (shared.words:gsub("%a+", function(word) return word:upper() end)) end,
  function() return shared.words:find("lazy (%a+)"), shared.words:match("(%a+) fox"), shared.words:rep(2, "-") end,
  function(random) return string.format("%d %5.2f %q %s", random(9), 1.5, "text", shared.object) end,
  function(random) return string.pack("i4z", random(9), "x"), string.unpack("i4", "\1\0\0\0") end,
  function(random) return tostring(random(100000)) .. random(100000) .. 0.5 end,
  function() return utf8.char(228, 8364), utf8.len("äöü"), utf8.codepoint("ä", 1) end,
  function(random) return load("local x = ... return x + " .. random(1000))(1) end,
  function() return load("return +") end,
  function() return pcall(error, {code = 1}) end,
  function() return pcall(function() local x x.y = 1 end) end,
  function() return xpcall(function() shared.missing.field() end, function(m) return m .. "!" end) end,
  function() local object <close> = shared.object return object .. "text", #object, object < object, object(1) end,
  function() return tostring(shared.object), shared.object.field, rawlen(shared.list), rawequal(1, 1) end,
  function(random) shared.list[random(50)] = function() return random end end,
  function(random) local f = shared.list[random(50)] return f and f() end,
  function() return require("sys").is_gil_enabled(), package.loaded.string.rep("x", 3) end,
  function(random) package.loaded.scratch = nil package.preload.scratch = function() return {} end return require("scratch") end,
  function() return os.time(), os.date("%Y-%m-%d"), os.clock(), os.getenv("HOME") end,
  function() return time.time(), time.monotonic(), time.process_time(), time.thread_time() end,
  function(random) if random(20) == 1 then time.sleep(0) end end,
  function() return sys.getswitchinterval() end,
  function(random) if random(50) == 1 then sys.setswitchinterval(0.001 * random(5)) end end,
  function(random) if random(200) == 1 then collectgarbage() end return collectgarbage("count") end,
  function() local held <close> = shared.lock:hold() end,
  function() if shared.lock:acquire(false) then shared.lock:release() end end,
  function() if shared.lock:acquire(true, 0.0001) then shared.lock:release() end return shared.lock:locked() end,
  function() shared.lock:release() end,
  function() shared.thread.name = shared.thread.name .. "x" if #shared.thread.name > 50 then shared.thread.name = "T" end end,
  function() return tostring(shared.thread), shared.thread:is_alive(), shared.thread.ident end,
  function() return threading.current_thread().name, #threading.enumerate(), threading.active_count() end,
  function(random)
    if random(20) ~= 1 then return end
    local got
    local t = threading.Thread{target = function(x) got = x end, args = {random(10)}}
    t:start()
    t:join()
    return got
  end,
  function(random)
    if random(20) ~= 1 or arg[3] == "no-processes" then return end
    local p = multiprocessing.Process{target = function() local t = {} for i = 1, 100 do t[i] = {i} end collectgarbage() end}
    p:start()
    if random(2) == 1 then p:terminate() end
    p:join()
    return p.exitcode
  end,
  function() local t = {} for i = 1, 20 do t[i] = 20 - i end table.sort(t) return table.concat(t, ",") end,
  function() return select("#", table.unpack(shared.list, 1, 20)), next(shared.list), #shared.list end,
  function() _G["global"] = (global or 0) + 1 end,
  function() return math.floor(2.5), math.tointeger("8"), 7 // 2, 7.5 % 2, 1 << 62, "10" + 5, math.maxinteger + 1.0 end,
}
if coroutine then
  operations[#operations + 1] = function(random)
    local co = coroutine.wrap(function(x) for i = 1, 5 do x = coroutine.yield(x + i) end return x end)
    return co(random(5)), co(1), co(2)
  end
  -- Whoever comes second finds it running.
  local everyones
  operations[#operations + 1] = function()
    if not everyones or coroutine.status(everyones) == "dead" then
      everyones = coroutine.create(function() for i = 1, 100 do coroutine.yield(i) end end)
    end
    return coroutine.resume(everyones)
  end
end

local function generator(seed)
  local state = seed
  return function(largest)
    state = (state * 1103515245 + 12345) % 2147483648
    return (state >> 8) % largest + 1
  end
end

local failed, messages = {}, {}
local function work(number)
  local random, count = generator(SEED * 1000 + number), 0
  for _ = 1, ROUNDS // THREADS do
    local ok, message = pcall(operations[random(#operations)], random)
    if not ok then
      count = count + 1
      messages[tostring(message):gsub("^.-:%d+: ", "")] = true
    end
  end
  failed[number] = count
end

local threads = {}
for i = 1, THREADS do
  failed[i] = 0
  threads[i] = threading.Thread{target = work, args = {i}}
end
for _, t in ipairs(threads) do t:start() end
for _, t in ipairs(threads) do t:join() end
local total = 0
for i = 1, THREADS do total = total + failed[i] end
print(string.format("%d rounds in %d threads, %d errors", ROUNDS, THREADS, total))
if arg[4] == "errors" then for message in pairs(messages) do print(message) end end
