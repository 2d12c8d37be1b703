-- Waiting for futures, for so long, or without being taken along when they are cancelled: what CPython's
-- Lib/asyncio/tasks.py has of it.
local builtins = require "builtins"
local events = require "asyncio.events"
local exceptions = require "asyncio.exceptions"
local futures = require "asyncio.futures"
local Queue = require("asyncio.queues").Queue
local coroutines = require "asyncio.coroutines"
local helpers = require "asyncio.format_helpers"
local support = require "_class"
local tasks = require "asyncio.tasks"
local timeouts = require "asyncio.timeouts"
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local TypeError, ValueError, isinstance = builtins.TypeError, builtins.ValueError, builtins.isinstance
local CancelledError, TimeoutError = exceptions.CancelledError, exceptions.TimeoutError
local async, await, get_running_loop = coroutines.async, tasks.await, events.get_running_loop
local Future, isfuture = futures.Future, futures.isfuture
local ensure_future = tasks.ensure_future
local error, getmetatable, pack, pcall, running, setmetatable, type =
  error, getmetatable, table.pack, pcall, events._get_running_loop, setmetatable, type

local FIRST_COMPLETED, FIRST_EXCEPTION, ALL_COMPLETED = "FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"

-- Arguments, of which the last may be a table of keywords: a list with its length `n`, and the value of `name`.
local function arguments_and_keyword(called, name, ...)
  local arguments = pack(...)
  local last = arguments[arguments.n]
  if not has_keywords(last) then return arguments end
  arguments[arguments.n], arguments.n = nil, arguments.n - 1
  return arguments, keywords(called, last, name)
end

-- gather --------------------------------------------------------------------------------------------------------

-- The future that gather() returns: to cancel it is to cancel its children.
local GatheringFuture = class("asyncio._GatheringFuture", Future)

function GatheringFuture:cancel(msg)
  if has_keywords(msg) then msg = keywords("cancel", msg, "msg") end
  if self:done() then return false end
  local was_cancelled = false
  for index = 1, #self._children do
    if self._children[index]:cancel(msg) then was_cancelled = true end
  end
  -- The children's end decides; but with return_exceptions their errors alone would not tell.
  if was_cancelled then self._cancel_requested, self._cancel_message = true, msg end
  return was_cancelled
end

-- The first result of a child that is done, or its exception.
local function result_or_exception(child)
  local _, result = pcall(child.result, child)
  return result
end

local function finish_gathering(outer)
  if outer._cancel_requested then
    outer:set_exception(futures.cancelled_error(outer._cancel_message))
    return
  end
  local results = {n = outer._count}
  for index = 1, outer._count do results[index] = result_or_exception(outer._arguments[index]) end
  outer:set_result(results)
end

-- The callback of each child.
local function child_is_done(outer, return_exceptions, child)
  outer._unfinished = outer._unfinished - 1
  if outer:done() then
    -- Another child's exception has ended it. This one's counts as asked for.
    if not child:cancelled() then child:exception() end
    return
  end
  if not return_exceptions then
    if child:cancelled() then
      local _, problem = pcall(child.result, child)
      outer:set_exception(problem)
      return
    end
    local exception = child:exception()
    if exception ~= nil then
      outer:set_exception(exception)
      return
    end
  end
  if outer._unfinished == 0 then finish_gathering(outer) end
end

-- A future whose result is the list of the results, in the order of the arguments; `n` is its length. The first
-- exception becomes that of the future, and the others go on; with `return_exceptions` exceptions stand in the list.
local function gather(...)
  local arguments, return_exceptions = arguments_and_keyword("gather", "return_exceptions", ...)
  if arguments.n == 0 then
    local future = Future(events.get_event_loop())
    future:set_result({n = 0})
    return future
  end
  local loop = running() or nil
  local future_of, children = {}, {}
  for index = 1, arguments.n do
    local argument = arguments[index]
    local future = future_of[argument]
    if not future then
      future = ensure_future(argument, loop)
      loop = loop or future:get_loop()
      if future:get_loop() ~= loop then
        error(ValueError("futures are tied to different event loops"))
      end
      future_of[argument] = future
      children[#children + 1] = future
    end
    arguments[index] = future
  end
  local outer = setmetatable(Future(loop), GatheringFuture)
  outer._arguments, outer._count = arguments, arguments.n
  outer._children, outer._unfinished = children, #children
  outer._cancel_requested, outer._cancel_message = false, nil
  local function callback(child) child_is_done(outer, return_exceptions, child) end
  for index = 1, #children do children[index]:add_done_callback(callback) end
  return outer
end

-- wait ----------------------------------------------------------------------------------------------------------

-- A list of what can be awaited, as wait() and as_completed() take it.
local function check_list(fs, called)
  if type(fs) ~= "table" or getmetatable(fs) ~= nil then
    error(TypeError("expect a list of futures, not " .. helpers.repr(fs)))
  end
  if called == "wait" and #fs == 0 then error(ValueError("Set of Tasks/Futures is empty.")) end
end

local function without_duplicates(list)
  local known, result = {}, {}
  for index = 1, #list do
    if not known[list[index]] then
      known[list[index]] = true
      result[#result + 1] = list[index]
    end
  end
  return result
end

-- Is `future`, which has just been done, what is waited for?
local function ends_the_wait(future, return_when)
  if return_when == FIRST_COMPLETED then return true end
  return return_when == FIRST_EXCEPTION and not future:cancelled() and future:exception() ~= nil
end

local function split(list)
  local done, pending = {}, {}
  for index = 1, #list do
    local part = list[index]:done() and done or pending
    part[#part + 1] = list[index]
  end
  return done, pending
end

local function wait_for_any(list, timeout, return_when)
  local loop = get_running_loop()
  local waiter = loop:create_future()
  local left, is_over = 0, false
  for index = 1, #list do
    if not list[index]:done() then
      left = left + 1
    elseif ends_the_wait(list[index], return_when) then
      is_over = true
    end
  end
  if is_over or left == 0 then return split(list) end
  local function wake()
    if not waiter:done() then waiter:set_result() end
  end
  local function future_is_done(future)
    left = left - 1
    if left <= 0 or ends_the_wait(future, return_when) then wake() end
  end
  local alarm = timeout and loop:call_later(timeout, wake)
  for index = 1, #list do
    if not list[index]:done() then list[index]:add_done_callback(future_is_done) end
  end
  local waited, problem = pcall(await, waiter)
  if alarm then alarm:cancel() end
  for index = 1, #list do list[index]:remove_done_callback(future_is_done) end
  if not waited then error(problem, 0) end
  return split(list)
end

-- Waits for the futures in the list `fs`, and returns two lists: `local done, pending = await(asyncio.wait(fs))`. It
-- cancels nothing, and a timeout is no error.
local wait = async(function(fs, timeout, return_when)
  if has_keywords(timeout) then timeout, return_when = keywords("wait", timeout, "timeout", "return_when") end
  check_list(fs, "wait")
  support.check_timeout(timeout)
  return_when = return_when or ALL_COMPLETED
  if return_when ~= FIRST_COMPLETED and return_when ~= FIRST_EXCEPTION and return_when ~= ALL_COMPLETED then
    error(ValueError("Invalid return_when value: " .. helpers.repr(return_when)))
  end
  local list = without_duplicates(fs)
  for index = 1, #list do
    if coroutines.is_body(list[index]) then
      error(TypeError("Passing coroutines is forbidden, use tasks explicitly."))
    end
    ensure_future(list[index], get_running_loop())
  end
  return wait_for_any(list, timeout, return_when)
end)

-- wait_for ------------------------------------------------------------------------------------------------------

local function cancel_and_wait(future)
  local waiter = get_running_loop():create_future()
  local function wake()
    if not waiter:done() then waiter:set_result() end
  end
  future:add_done_callback(wake)
  future:cancel()
  local waited, problem = pcall(await, waiter)
  future:remove_done_callback(wake)
  if not waited then error(problem, 0) end
end

-- Awaits `fut` for so many seconds; then it is cancelled, and TimeoutError raised. nil: without a limit.
local wait_for = async(function(fut, timeout)
  if has_keywords(timeout) then timeout = keywords("wait_for", timeout, "timeout") end
  support.check_timeout(timeout)
  if timeout and timeout <= 0 then
    fut = ensure_future(fut)
    if fut:done() then return fut:result() end
    cancel_and_wait(fut)
    if fut:cancelled() then error(TimeoutError, 0) end
    return fut:result()
  end
  local limit <close> = timeouts.timeout(timeout)
  return await(fut)
end)

-- shield --------------------------------------------------------------------------------------------------------

-- A future that has the outcome of `arg`, but whose cancellation does not reach it.
local function shield(arg)
  local inner = ensure_future(arg)
  if inner:done() then return inner end
  local outer = inner:get_loop():create_future()
  local function inner_is_done()
    if outer:cancelled() then
      -- Nobody will ask for it.
      if not inner:cancelled() then inner:exception() end
      return
    end
    if inner:cancelled() then return outer:cancel() end
    local exception = inner:exception()
    if exception ~= nil then return outer:set_exception(exception) end
    outer:set_result(inner:result())
  end
  inner:add_done_callback(inner_is_done)
  outer:add_done_callback(function()
    if not inner:done() then inner:remove_done_callback(inner_is_done) end
  end)
  return outer
end

-- as_completed --------------------------------------------------------------------------------------------------

-- Awaits whichever comes next.
local next_of = async(function(done)
  local future = await(done:get())
  if not future then error(TimeoutError, 0) end
  return future:result()
end)

-- An iterator that gives as many coroutines as there are futures, the first of which returns the result of the future
-- that is done first: `for coro in asyncio.as_completed(fs) do print(await(coro)) end`.
local function as_completed(fs, timeout)
  if has_keywords(timeout) then timeout = keywords("as_completed", timeout, "timeout") end
  check_list(fs, "as_completed")
  support.check_timeout(timeout)
  local done, loop = Queue(), events.get_event_loop()
  local list, alarm = without_duplicates(fs), nil
  local left, count = #list, #list
  local function future_is_done(future)
    if left == 0 then return end
    left = left - 1
    done:put_nowait(future)
    if left == 0 and alarm then alarm:cancel() end
  end
  for index = 1, #list do
    list[index] = ensure_future(list[index], loop)
    list[index]:add_done_callback(future_is_done)
  end
  if timeout and left > 0 then
    alarm = loop:call_later(timeout, function()
      for index = 1, #list do list[index]:remove_done_callback(future_is_done) end
      for _ = 1, left do done:put_nowait(false) end
      left = 0
    end)
  end
  return function()
    if count == 0 then return nil end
    count = count - 1
    return next_of(done)
  end
end

return {
  FIRST_COMPLETED = FIRST_COMPLETED,
  FIRST_EXCEPTION = FIRST_EXCEPTION,
  ALL_COMPLETED = ALL_COMPLETED,
  as_completed = as_completed,
  gather = gather,
  shield = shield,
  wait = wait,
  wait_for = wait_for,
}
