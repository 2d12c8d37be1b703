-- 8 threads resume, close, wrap and ask about the same coroutines at once, while others are made and dropped.
--
--     gilvm run --no-gil coroutines.lua [ROUNDS] [SEED]
--
-- Whoever comes second is told that the coroutine is not suspended. What must hold for each coroutine: no step runs
-- twice or is left out, only one thread is inside at a time, each variable to be closed is closed once, and what
-- one thread puts in is what comes out to it. A violation is an error at the end.
local threading = require "threading"

local ROUNDS = tonumber(arg[1]) or 200000
local SEED = tonumber(arg[2]) or 1
local THREADS = 8
local SHARED = 6

local violations = {}
local function violated(what) violations[#violations + 1] = what end

local function generator(seed)
  local state = seed
  return function(largest)
    state = (state * 1103515245 + 12345) % 2147483648
    return (state >> 8) % largest + 1
  end
end

-- Deep enough now and then that the stack grows while another thread runs it than the one that made it.
local function deep(n, ...)
  if n == 0 then return coroutine.yield(...) end
  return (select(1, deep(n - 1, ...)))
end

local metatable = {__index = function(t, k) return coroutine.yield(t.answer) end}

-- A coroutine that answers each value with the same value and the number of its step.
local function answering()
  local record = {inside = 0, steps = 0, opened = 0, closed = 0}
  record.coroutine = coroutine.create(function(value)
    local guard <close> = setmetatable({}, {__close = function() record.closed = record.closed + 1 end})
    record.opened = record.opened + 1
    local lookup = setmetatable({}, metatable)
    for step = 1, 200 do
      record.inside = record.inside + 1
      if record.inside ~= 1 then violated("two threads inside") end
      record.steps = record.steps + 1
      if record.steps ~= step then violated("a step was lost") end
      local garbage = {step, tostring(value)}
      if #garbage ~= 2 then violated("a local was lost") end
      record.inside = record.inside - 1
      if step % 50 == 0 then
        local _
        _, value = pcall(deep, 60, value, step)
      elseif step % 7 == 0 then
        rawset(lookup, "answer", value)
        value = lookup.next
      else
        value = coroutine.yield(value, step)
      end
    end
    return value, "end"
  end)
  return record
end

local shared = {}
for i = 1, SHARED do shared[i] = answering() end

local counts = {}
local operations = {
  function(random, count, number)
    local record, sent = shared[random(SHARED)], number * 1000000 + random(1000000)
    local ok, got = coroutine.resume(record.coroutine, sent)
    if ok then
      count.resumed = count.resumed + 1
      if got ~= sent then violated("sent " .. sent .. ", got " .. tostring(got)) end
    elseif got == "cannot resume non-suspended coroutine" then
      count.busy = count.busy + 1
    elseif got ~= "cannot resume dead coroutine" then
      violated("resume: " .. tostring(got))
    end
  end,
  function(random)
    local place = random(SHARED)
    local record = shared[place]
    if random(30) ~= 1 and coroutine.status(record.coroutine) ~= "dead" then return end
    local ok, message = pcall(coroutine.close, record.coroutine)
    if ok then
      if record.opened ~= record.closed then violated("opened " .. record.opened .. ", closed " .. record.closed) end
      shared[place] = answering()
    elseif not message:find("cannot close a %a+ coroutine") then
      violated("close: " .. tostring(message))
    end
  end,
  function(random)
    local co = shared[random(SHARED)].coroutine
    local status = coroutine.status(co)
    if status ~= "suspended" and status ~= "running" and status ~= "dead" and status ~= "normal" then violated(status) end
    return coroutine.isyieldable(co), tostring(co)
  end,
  function(random)
    local n, sum = random(20), 0
    for i in coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) do sum = sum + i end
    if sum ~= n * (n + 1) // 2 then violated("a generator of its own") end
  end,
  -- Dropped while suspended: the collector frees it.
  function(random) coroutine.wrap(function() deep(random(100)) end)() end,
  function(random)
    local ok, message = pcall(coroutine.wrap(function() coroutine.wrap(function() error("both", 0) end)() end))
    if ok or not message:find("both") then violated(tostring(message)) end
  end,
  -- One coroutine resumes another that the others fight for.
  function(random)
    local co = shared[random(SHARED)].coroutine
    coroutine.wrap(function() local self = coroutine.running() coroutine.resume(co, self) end)()
  end,
}

local function work(number)
  local random, count = generator(SEED * 1000 + number), {resumed = 0, busy = 0}
  for round = 1, ROUNDS // THREADS do
    -- Mostly the race itself.
    local operation = random(3) > 1 and operations[1] or operations[random(#operations)]
    operation(random, count, number)
    if round % 5000 == 0 then collectgarbage() end
  end
  counts[number] = count
end

local threads = {}
for number = 1, THREADS do threads[number] = threading.Thread{target = work, args = {number}} threads[number]:start() end
for number = 1, THREADS do threads[number]:join() end
local resumed, busy = 0, 0
for number = 1, THREADS do
  if not counts[number] then error("thread " .. number .. " did not come to its end") end
  resumed, busy = resumed + counts[number].resumed, busy + counts[number].busy
end
print(("%d resumed, %d found it busy"):format(resumed, busy))
if #violations > 0 then error(violations[1] .. " (" .. #violations .. " violations)") end
