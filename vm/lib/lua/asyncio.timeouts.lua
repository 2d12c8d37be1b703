-- Time limits: CPython's Lib/asyncio/timeouts.py.
--
--     do
--       local limit <close> = asyncio.timeout(2)   -- async with asyncio.timeout(2) as limit:
--       await(fetch("a.html"))
--     end
--
-- When the time is over the task is cancelled; at the end of the block its CancelledError becomes a TimeoutError.
local builtins = require "builtins"
local events = require "asyncio.events"
local exceptions = require "asyncio.exceptions"
local support = require "_class"
local tasks = require "asyncio.tasks"
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local RuntimeError, isinstance = builtins.RuntimeError, builtins.isinstance
local error, format, setmetatable, tostring = error, string.format, setmetatable, tostring

-- ACTIVE --> EXITED, or ACTIVE --> EXPIRING, when the time is over --> EXPIRED, at the end of the block.
local ACTIVE, EXPIRING, EXPIRED, EXITED = "active", "expiring", "expired", "finished"

local Timeout = class("asyncio.Timeout")

local function expire(limit)
  limit._task:cancel()
  limit._state, limit._handler = EXPIRING, false
end

local function set_alarm(limit, when)
  limit._when = when
  if limit._handler then limit._handler:cancel() end
  limit._handler = false
  if when == nil then return end
  local loop = events.get_running_loop()
  if when <= loop:time() then
    limit._handler = loop:call_soon(expire, limit)
  else
    limit._handler = loop:call_at(when, expire, limit)
  end
end

function Timeout.new(called_class, when)
  if has_keywords(when) then when = keywords("timeout_at", when, "when") end
  support.check_timeout(when)
  local task = events._get_running_loop() and tasks.current_task()
  if not task then error(RuntimeError("Timeout should be used inside a task")) end
  local limit = setmetatable({
    _task = task,
    _cancelling = task:cancelling(),  -- cancellations that are not ours
    _state = ACTIVE,
    _handler = false,
  }, called_class)
  set_alarm(limit, when)
  return limit
end

-- When it will be over, by the loop's clock; nil: never.
function Timeout:when() return self._when end

function Timeout:reschedule(when)
  if has_keywords(when) then when = keywords("reschedule", when, "when") end
  support.check_timeout(when)
  if self._state ~= ACTIVE then error(RuntimeError("Cannot change state of " .. self._state .. " Timeout")) end
  set_alarm(self, when)
end

-- Is its time over?
function Timeout:expired() return self._state == EXPIRING or self._state == EXPIRED end

function Timeout:__close(problem)
  if self._handler then self._handler:cancel() end
  self._handler = false
  if self._state == ACTIVE then
    self._state = EXITED
  elseif self._state == EXPIRING then
    self._state = EXPIRED
    -- A cancellation that somebody else has asked for as well stays one.
    if self._task:uncancel() <= self._cancelling and isinstance(problem, exceptions.CancelledError) then
      error(exceptions.TimeoutError, 0)
    end
  end
end

function Timeout:__tostring()
  local when = self._state == ACTIVE and " when=" .. tostring(self._when) or ""
  return format("<Timeout [%s]%s>", self._state, when)
end

-- A limit of `delay` seconds from now on, or none yet.
local function timeout(delay)
  if has_keywords(delay) then delay = keywords("timeout", delay, "delay") end
  support.check_timeout(delay)
  return Timeout(delay and events.get_running_loop():time() + delay)
end

local function timeout_at(when) return Timeout(when) end

return {Timeout = Timeout, timeout = timeout, timeout_at = timeout_at}
