-- What tasks wait for: CPython's Lib/asyncio/locks.py. None of it is for several threads.
--
-- `local held <close> = lock:hold()` is Python's `async with lock:`; hold() awaits by itself.
local Line = require "asyncio._line"
local builtins = require "builtins"
local coroutines = require "asyncio.coroutines"
local events = require "asyncio.events"
local exceptions = require "asyncio.exceptions"
local support = require "_class"
local tasks = require "asyncio.tasks"
local check_type, class, has_keywords, keywords =
  support.check_type, support.class, support.has_keywords, support.keywords
local RuntimeError, TypeError, ValueError, isinstance =
  builtins.RuntimeError, builtins.TypeError, builtins.ValueError, builtins.isinstance
local BrokenBarrierError, CancelledError = exceptions.BrokenBarrierError, exceptions.CancelledError
local async, await, get_running_loop = coroutines.async, tasks.await, events.get_running_loop
local error, format, getmetatable, pcall, rawget, setmetatable =
  error, string.format, getmetatable, pcall, rawget, setmetatable

-- Stands in line until somebody sets the result. As pcall; the error is for the caller to raise.
local function wait_in_line(line)
  local future = get_running_loop():create_future()
  line:join(future)
  local woken, problem = pcall(await, future)
  line:leave(future)
  return woken, problem, future
end

-- "<asyncio.Lock [locked, waiters:2]>".
local function text_of(object, state)
  local count = object._waiters.count
  local waiters = count > 0 and ", waiters:" .. count or ""
  return format("<%s [%s%s]>", getmetatable(object).__name, state, waiters)
end

-- Lock ----------------------------------------------------------------------------------------------------------

local Lock = class("asyncio.Lock")

function Lock.new(called_class) return setmetatable({_locked = false, _waiters = Line()}, called_class) end

function Lock:locked() return self._locked end

local function acquire_lock(lock)
  if lock._locked or lock._waiters:has_waiters() then
    local woken, problem = wait_in_line(lock._waiters)
    if not woken then
      if not lock._locked then lock._waiters:wake(1) end
      error(problem, 0)
    end
  end
  lock._locked = true
  return true
end

Lock.acquire = async(acquire_lock)

-- Wakes the first in line, which takes the lock when its turn comes.
function Lock:release()
  if not self._locked then error(RuntimeError("Lock is not acquired.")) end
  self._locked = false
  local waiters = self._waiters
  local first = waiters[waiters.first]
  if first and not first:done() then first:set_result(true) end
end

function Lock:hold()
  acquire_lock(self)
  return self
end

function Lock:__close() self:release() end

function Lock:__tostring() return text_of(self, self._locked and "locked" or "unlocked") end

-- Event ---------------------------------------------------------------------------------------------------------

local Event = class("asyncio.Event")

function Event.new(called_class) return setmetatable({_value = false, _waiters = Line()}, called_class) end

function Event:is_set() return self._value end

function Event:set()
  if self._value then return end
  self._value = true
  self._waiters:wake(self._waiters.count)
end

function Event:clear() self._value = false end

Event.wait = async(function(self)
  if self._value then return true end
  local woken, problem = wait_in_line(self._waiters)
  if not woken then error(problem, 0) end
  return true
end)

function Event:__tostring() return text_of(self, self._value and "set" or "unset") end

-- Condition -----------------------------------------------------------------------------------------------------

local Condition = class("asyncio.Condition")

function Condition.new(called_class, lock)
  if has_keywords(lock) then lock = keywords("Condition", lock, "lock") end
  return setmetatable({_lock = lock or Lock(), _waiters = Line()}, called_class)
end

function Condition:locked() return self._lock:locked() end

function Condition:acquire() return self._lock:acquire() end

function Condition:release() return self._lock:release() end

function Condition:hold()
  acquire_lock(self._lock)
  return self
end

function Condition:__close() self._lock:release() end

-- A cancellation that comes meanwhile is raised when the lock is back.
local function take_lock_again(condition)
  local cancellation
  while true do
    local taken, problem = pcall(acquire_lock, condition._lock)
    if taken then return cancellation end
    if not isinstance(problem, CancelledError) then error(problem, 0) end
    cancellation = problem
  end
end

local function wait_for_notification(condition)
  if not condition:locked() then error(RuntimeError("cannot wait on un-acquired lock")) end
  condition:release()
  local woken, problem = wait_in_line(condition._waiters)
  local cancellation = take_lock_again(condition)
  if woken and cancellation == nil then return true end
  -- A task that an error takes away can make no use of its notification.
  condition._waiters:wake(1)
  if cancellation ~= nil then error(cancellation, 0) end
  error(problem, 0)
end

Condition.wait = async(wait_for_notification)

Condition.wait_for = async(function(self, predicate)
  local result = predicate()
  while not result do
    wait_for_notification(self)
    result = predicate()
  end
  return result
end)

function Condition:notify(n)
  if has_keywords(n) then n = keywords("notify", n, "n") end
  if not self:locked() then error(RuntimeError("cannot notify on un-acquired lock")) end
  self._waiters:wake(n or 1)
end

function Condition:notify_all() self:notify(self._waiters.count) end

function Condition:__tostring() return text_of(self, self:locked() and "locked" or "unlocked") end

-- Semaphore, BoundedSemaphore -----------------------------------------------------------------------------------

-- Who is woken has his permit already: nobody who comes later can take it.
local Semaphore = class("asyncio.Semaphore")

function Semaphore.new(called_class, value)
  if has_keywords(value) then value = keywords("Semaphore", value, "value") end
  if value == nil then value = 1 end
  check_type(value, "number", "Semaphore", "value")
  if value < 0 then error(ValueError("Semaphore initial value must be >= 0")) end
  return setmetatable({_value = value, _bound = value, _waiters = Line()}, called_class)
end

function Semaphore:locked() return self._value == 0 or self._waiters:has_waiters() end

-- False: nobody waits for a permit.
local function give_permit(semaphore)
  local future = semaphore._waiters:first_pending()
  if not future then return false end
  semaphore._value = semaphore._value - 1
  future:set_result(true)
  return true
end

local function acquire_permit(semaphore)
  if not semaphore:locked() then
    semaphore._value = semaphore._value - 1
    return true
  end
  local woken, problem, future = wait_in_line(semaphore._waiters)
  -- Cancelled after it was given: back it goes.
  if not woken and future:done() and not future:cancelled() then semaphore._value = semaphore._value + 1 end
  while semaphore._value > 0 and give_permit(semaphore) do end
  if not woken then error(problem, 0) end
  return true
end

Semaphore.acquire = async(acquire_permit)

function Semaphore:release()
  self._value = self._value + 1
  give_permit(self)
end

function Semaphore:hold()
  acquire_permit(self)
  return self
end

function Semaphore:__close() self:release() end

function Semaphore:__tostring()
  return text_of(self, self:locked() and "locked" or "unlocked, value:" .. self._value)
end

local BoundedSemaphore = class("asyncio.BoundedSemaphore", Semaphore)

function BoundedSemaphore:release()
  if self._value >= self._bound then error(ValueError("BoundedSemaphore released too many times")) end
  Semaphore.release(self)
end

-- Barrier -------------------------------------------------------------------------------------------------------

-- It fills with tasks that wait; the last one lets all of them go; while they leave, those who come for the next round
-- wait outside.
local FILLING, DRAINING, RESETTING, BROKEN = "filling", "draining", "resetting", "broken"

local Barrier = class("asyncio.Barrier")

function Barrier.new(called_class, parties)
  if has_keywords(parties) then parties = keywords("Barrier", parties, "parties") end
  if parties == nil then error(TypeError("Barrier: parties must be a number, got nil")) end
  check_type(parties, "number", "Barrier", "parties")
  if parties < 1 then error(ValueError("parties must be >= 1")) end
  return setmetatable({_cond = Condition(), _parties = parties, _state = FILLING, _count = 0}, called_class)
end

-- `parties`, `n_waiting` and `broken` are attributes.
function Barrier:__index(key)
  if key == "parties" then return rawget(self, "_parties") end
  if key == "broken" then return rawget(self, "_state") == BROKEN end
  if key == "n_waiting" then return rawget(self, "_state") == FILLING and rawget(self, "_count") or 0 end
  return Barrier[key]
end

local function until_state(barrier, is_reached)
  while not is_reached(barrier._state) do wait_for_notification(barrier._cond) end
end

local function is_open(state) return state ~= DRAINING and state ~= RESETTING end

local function is_not_filling(state) return state ~= FILLING end

local function set_state(barrier, state)
  barrier._state = state
  barrier._cond:notify_all()
end

local function pass(barrier, index)
  if index + 1 == barrier._parties then return set_state(barrier, DRAINING) end
  until_state(barrier, is_not_filling)
  if barrier._state == BROKEN or barrier._state == RESETTING then error(BrokenBarrierError("Abort or reset of barrier")) end
end

local function wait_at_barrier(barrier)
  local held <close> = barrier._cond:hold()
  until_state(barrier, is_open)
  if barrier._state == BROKEN then error(BrokenBarrierError("Barrier aborted")) end
  local index = barrier._count
  barrier._count = index + 1
  local passed, problem = pcall(pass, barrier, index)
  barrier._count = barrier._count - 1
  if barrier._count == 0 and not is_open(barrier._state) then barrier._state = FILLING end
  barrier._cond:notify_all()
  if not passed then error(problem, 0) end
  return index
end

Barrier.wait = async(wait_at_barrier)

Barrier.reset = async(function(self)
  local held <close> = self._cond:hold()
  if self._count == 0 then return set_state(self, FILLING) end
  if self._state ~= RESETTING then set_state(self, RESETTING) end
end)

Barrier.abort = async(function(self)
  local held <close> = self._cond:hold()
  set_state(self, BROKEN)
end)

function Barrier:__tostring()
  return format("<asyncio.Barrier [%s, waiters:%d/%d]>", self._state, self.n_waiting, self._parties)
end

return {
  Barrier = Barrier,
  BoundedSemaphore = BoundedSemaphore,
  Condition = Condition,
  Event = Event,
  Lock = Lock,
  Semaphore = Semaphore,
}
