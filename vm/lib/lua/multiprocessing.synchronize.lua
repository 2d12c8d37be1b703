-- Event and Barrier of `multiprocessing`, on its Condition and shared numbers. The locks, semaphores and conditions
-- are vm/lib/process_locks.cpp's.
local _multiprocessing = require "_multiprocessing"
local builtins = require "builtins"
local support = require "_class"
local threading = require "threading"
local check_timeout, check_type, class, has_keywords, keywords =
  support.check_timeout, support.check_type, support.class, support.has_keywords, support.keywords
local ValueError = builtins.ValueError
local error, rawget, setmetatable = error, rawget, setmetatable
local Condition, Counter, Lock = _multiprocessing.Condition, _multiprocessing.Counter, _multiprocessing.Lock
local BrokenBarrierError = threading.BrokenBarrierError

-- Event ---------------------------------------------------------------------------------------------------------

local Event = class("multiprocessing.Event")

function Event.new(called_class) return setmetatable({_flag = Counter()}, called_class) end

function Event:is_set() return self._flag:value() > 0 end

function Event:set() self._flag:set(1) end

function Event:clear() self._flag:set(0) end

function Event:wait(timeout)
  if has_keywords(timeout) then timeout = keywords("wait", timeout, "timeout") end
  return self._flag:wait_until_reached(1, check_timeout(timeout))
end

-- Barrier -------------------------------------------------------------------------------------------------------

-- As in `threading`: the processes fill it; the last one lets all of them go; while they leave, those who come for the
-- next round wait outside.
local FILLING, DRAINING, RESETTING, BROKEN = 0, 1, 2, 3

local Barrier = class("multiprocessing.Barrier")

function Barrier.new(called_class, parties, action, timeout)
  if has_keywords(parties) then
    parties, action, timeout = keywords("Barrier", parties, "parties", "action", "timeout")
  end
  check_type(parties, "number", "Barrier", "parties")
  if parties < 1 then error(ValueError("parties must be > 0")) end
  return setmetatable({
    parties = parties,
    _action = action or false,
    _timeout = check_timeout(timeout) or false,
    _condition = Condition(Lock()),
    _state = Counter(),
    _count = Counter(),
  }, called_class)
end

function Barrier:__index(key)
  if key == "broken" then return rawget(self, "_state"):value() == BROKEN end
  if key == "n_waiting" then
    return rawget(self, "_state"):value() == FILLING and rawget(self, "_count"):value() or 0
  end
  return Barrier[key]
end

local function break_barrier(barrier)
  barrier._state:set(BROKEN)
  barrier._condition:notify_all()
end

-- Those who have left a round open the barrier for the next.
local Inside = {__name = "multiprocessing.Inside"}

function Inside:__close()
  local barrier = self.barrier
  local state = barrier._state:value()
  if barrier._count:add(-1) == 0 and (state == RESETTING or state == DRAINING) then
    barrier._state:set(FILLING)
    barrier._condition:notify_all()
  end
end

-- An error of the action breaks the barrier for the others.
local function let_all_go(barrier)
  if barrier._action then
    local breaks_on_error <close> = setmetatable({}, {__close = function(_, problem)
      if problem ~= nil then break_barrier(barrier) end
    end})
    barrier._action()
  end
  barrier._state:set(DRAINING)
  barrier._condition:notify_all()
end

local function wait_for_the_others(barrier, timeout)
  local filled = barrier._condition:wait_for(function() return barrier._state:value() ~= FILLING end, timeout)
  if not filled then break_barrier(barrier) end
  local state = barrier._state:value()
  if not filled or state == BROKEN or state == RESETTING then error(BrokenBarrierError) end
end

function Barrier:wait(timeout)
  if has_keywords(timeout) then timeout = keywords("wait", timeout, "timeout") end
  timeout = check_timeout(timeout) or self._timeout or nil
  local held <close> = self._condition:hold()
  while self._state:value() == RESETTING or self._state:value() == DRAINING do self._condition:wait() end
  if self._state:value() == BROKEN then error(BrokenBarrierError) end
  local index = self._count:add(1) - 1
  local inside <close> = setmetatable({barrier = self}, Inside)
  if index + 1 == self.parties then
    let_all_go(self)
  else
    wait_for_the_others(self, timeout)
  end
  return index
end

function Barrier:reset()
  local held <close> = self._condition:hold()
  if self._count:value() == 0 then
    self._state:set(FILLING)
  elseif self._state:value() ~= DRAINING then
    self._state:set(RESETTING)
  end
  self._condition:notify_all()
end

function Barrier:abort()
  local held <close> = self._condition:hold()
  break_barrier(self)
end

return {Event = Event, Barrier = Barrier}
