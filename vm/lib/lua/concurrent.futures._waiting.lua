-- wait() and as_completed() of `concurrent.futures`.
--
-- Both give each future a waiter, which the future tells when it is done. Locks are taken in this order: the
-- future's, then the waiter's.
local base = require "concurrent.futures._base"
local builtins = require "builtins"
local support = require "_class"
local threading = require "threading"
local check_timeout, class, has_keywords, keywords =
  support.check_timeout, support.class, support.has_keywords, support.keywords
local TimeoutError, is_settled = base.TimeoutError, base.is_settled
local TypeError, ValueError = builtins.TypeError, builtins.ValueError
local error, pairs, setmetatable, tostring, type = error, pairs, setmetatable, tostring, type
local format, insert, remove = string.format, table.insert, table.remove
local monotonic = require("time").monotonic

local FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED = "FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"

-- Waiter --------------------------------------------------------------------------------------------------------

local Waiter = class("concurrent.futures.Waiter")

function Waiter.new(called_class)
  return setmetatable({
    condition = threading.Condition(threading.Lock()),  -- held whenever what follows is read or changed
    pending = {},                                       -- the futures that are to tell, as keys
    settled = {},                                       -- those that have, in that order
    count = 0,                                          -- how many they are,
    failed = 0,                                         -- and how many of them raised something
  }, called_class)
end

-- Called by a future, with its condition held.
function Waiter:_add(future)
  local held <close> = self.condition:hold()
  self.pending[future] = nil
  self.count = self.count + 1
  self.settled[self.count] = future
  if future._has_failed then self.failed = self.failed + 1 end
  self.condition:notify_all()  -- threads may share an iterator
end

-- A future that is settled is added at once.
local function install(waiter, futures)
  for index = 1, #futures do
    local future = futures[index]
    local held <close> = future._condition:hold()
    if is_settled(future) then
      waiter:_add(future)
    else
      local also_held <close> = waiter.condition:hold()
      waiter.pending[future] = true
      insert(future._waiters, waiter)
    end
  end
end

local function forget(future, waiter)
  local held <close> = future._condition:hold()
  local waiters = future._waiters
  for position = 1, #waiters do
    if waiters[position] == waiter then return remove(waiters, position) end
  end
end

local function uninstall(waiter)
  local futures = {}
  do
    local held <close> = waiter.condition:hold()
    for future in pairs(waiter.pending) do insert(futures, future) end
  end
  for index = 1, #futures do forget(futures[index], waiter) end
end

-- What is closed when nobody asks the waiter any more.
local function until_uninstalled(waiter)
  return setmetatable({}, {__close = function() uninstall(waiter) end})
end

-- A list of futures, each of them once. They are the elements of a list, or the keys of another table: Python's
-- programs keep in a dict what each future is for, and wait for the dict.
local function futures_in(given, called)
  if type(given) ~= "table" then error(TypeError(called .. ": fs must be a table, got " .. type(given))) end
  local futures, seen = {}, {}
  local function add(future)
    if type(future) ~= "table" or not future._condition then
      error(TypeError(called .. ": a Future expected, got " .. type(future)))
    end
    if not seen[future] then
      seen[future] = true
      futures[#futures + 1] = future
    end
  end
  if given[1] ~= nil then
    for index = 1, #given do add(given[index]) end
  else
    for future in pairs(given) do add(future) end
  end
  return futures
end

-- Are these the keywords of wait() and as_completed(), in the place of their first argument?
local function is_keywords(fs) return has_keywords(fs) and fs.fs ~= nil end

-- wait ----------------------------------------------------------------------------------------------------------

local function is_over(waiter, total, return_when)
  if waiter.count == total then return true end
  if return_when == FIRST_COMPLETED then return waiter.count > 0 end
  return return_when == FIRST_EXCEPTION and waiter.failed > 0
end

local function wait(fs, timeout, return_when)
  if is_keywords(fs) then
    fs, timeout, return_when = keywords("wait", fs, "fs", "timeout", "return_when")
  elseif has_keywords(timeout) then
    timeout, return_when = keywords("wait", timeout, "timeout", "return_when")
  end
  check_timeout(timeout)
  if return_when == nil then return_when = ALL_COMPLETED end
  if return_when ~= FIRST_COMPLETED and return_when ~= FIRST_EXCEPTION and return_when ~= ALL_COMPLETED then
    error(ValueError("Invalid return condition: " .. tostring(return_when)))
  end
  local futures = futures_in(fs, "wait")
  local waiter = Waiter()
  local done, not_done, settled = {}, {}, {}
  do
    local installed <close> = until_uninstalled(waiter)
    install(waiter, futures)
    local held <close> = waiter.condition:hold()
    waiter.condition:wait_for(function() return is_over(waiter, #futures, return_when) end, timeout)
  end
  -- From here on no future tells the waiter anything.
  for index = 1, waiter.count do settled[waiter.settled[index]] = true end
  for index = 1, #futures do
    local list = settled[futures[index]] and done or not_done
    list[#list + 1] = futures[index]
  end
  return done, not_done
end

-- as_completed --------------------------------------------------------------------------------------------------

local function as_completed(fs, timeout)
  if is_keywords(fs) then
    fs, timeout = keywords("as_completed", fs, "fs", "timeout")
  elseif has_keywords(timeout) then
    timeout = keywords("as_completed", timeout, "timeout")
  end
  check_timeout(timeout)
  local deadline = timeout and monotonic() + timeout
  local futures = futures_in(fs, "as_completed")
  local waiter, total, given = Waiter(), #futures, 0
  install(waiter, futures)

  local function has_news() return waiter.count > given or given == total end

  local function next_future()
    local held <close> = waiter.condition:hold()
    if not waiter.condition:wait_for(has_news, deadline and deadline - monotonic()) then
      error(TimeoutError(format("%d (of %d) futures unfinished", total - given, total)))
    end
    if given == total then return nil end
    given = given + 1
    local future = waiter.settled[given]
    waiter.settled[given] = nil  -- its result goes when nobody else has it
    return future
  end

  return next_future, nil, nil, until_uninstalled(waiter)
end

return {
  FIRST_COMPLETED = FIRST_COMPLETED,
  FIRST_EXCEPTION = FIRST_EXCEPTION,
  ALL_COMPLETED = ALL_COMPLETED,
  wait = wait,
  as_completed = as_completed,
}
