-- Pool of `multiprocessing`.
--
-- Each worker has a connection of its own, and one thread of the parent, the handler, hands out the tasks and takes the
-- results. So it knows what each worker is doing: when one is killed, the task that it was in the middle of fails, the
-- others go on, and a new worker takes its place. Python's pool, whose workers share two queues, would wait for ever.
--
-- A worker gets its next task before it is done with the last one when there is plenty to do, so that it need not wait
-- for the handler. It begins them in this order, and counts those that it has begun in shared memory: who is killed was
-- in the middle of the first, or of none.
local _multiprocessing = require "_multiprocessing"
local builtins = require "builtins"
local multiprocessing = require "multiprocessing"
local support = require "_class"
local threading = require "threading"
local check_timeout, check_type, class, has_keywords, keywords =
  support.check_timeout, support.check_type, support.class, support.has_keywords, support.keywords
local ValueError, TypeError = builtins.ValueError, builtins.TypeError
local ProcessError, TimeoutError = multiprocessing.ProcessError, multiprocessing.TimeoutError
local error, getmetatable, pairs, pcall, setmetatable, tostring, type, xpcall =
  error, getmetatable, pairs, pcall, setmetatable, tostring, type, xpcall
local format, insert, max, min, pack, remove, unpack =
  string.format, table.insert, math.max, math.min, table.pack, table.remove, table.unpack
local Pipe, RawValue, dumps, receive, try_send, wait =
  _multiprocessing.Pipe, multiprocessing.RawValue, _multiprocessing.dumps, _multiprocessing.receive,
  _multiprocessing.try_send, _multiprocessing.wait
local stderr, traceback = io.stderr, debug.traceback

local MaybeEncodingError = builtins.exception_type("multiprocessing.pool.MaybeEncodingError", builtins.Exception)

-- Workers -------------------------------------------------------------------------------------------------------

-- What a task does with its arguments: one call, or one for each element.
local KINDS = {}

function KINDS.apply(func, arguments) return pack(func(unpack(arguments, 1, arguments.n))) end

function KINDS.map(func, arguments)
  local results = {n = arguments.n}
  for index = 1, arguments.n do results[index] = func(arguments[index]) end
  return results
end

function KINDS.starmap(func, arguments)
  local results = {n = arguments.n}
  for index = 1, arguments.n do
    local element = arguments[index]
    results[index] = func(unpack(element, 1, element.n or #element))
  end
  return results
end

local function answer(connection, done, result)
  local sent, problem = pcall(connection.send, connection, {done, result})
  if sent then return end
  local what = done and "Error sending result: '" .. tostring(result) .. "'. Reason: '" .. tostring(problem) .. "'"
    or tostring(result)
  connection:send{false, done and MaybeEncodingError(what) or what}
end

-- In the worker's process. `parents_ends`: what it has inherited and nobody but the parent is to have, so that the worker
-- sees when the parent is gone. `begun`: how many tasks it has begun.
local function work(connection, parents_ends, begun, initializer, initargs, most_tasks)
  for index = 1, #parents_ends do parents_ends[index]:close() end
  if initializer then initializer(unpack(initargs, 1, initargs.n or #initargs)) end
  local count = 0
  while not most_tasks or count < most_tasks do
    local received, task = pcall(connection.recv, connection)
    -- A task that cannot be read, because a module is missing here, fails; without a parent there is no more to do.
    if not received and builtins.isinstance(task, builtins.EOFError) then return end
    if received and task == nil then return end
    begun.value = count + 1
    if received then
      answer(connection, pcall(KINDS[task[1]], task[2], task[3]))
    else
      answer(connection, false, task)
    end
    count = count + 1
  end
end

-- Results -------------------------------------------------------------------------------------------------------

local AsyncResult = class("multiprocessing.pool.AsyncResult")

local function make_result(class_of_result, callback, error_callback)
  return setmetatable({
    _event = threading.Event(),
    _callback = callback or false,
    _error_callback = error_callback or false,
    _succeeded = false,
    _value = false,            -- packed results, or the error
  }, class_of_result)
end

local function report(text) stderr:write("Exception in a callback of a pool:\n", text, "\n") end

local function settle(result, succeeded, value)
  result._succeeded, result._value = succeeded, value
  local callback = succeeded and result._callback or not succeeded and result._error_callback
  if callback then
    local ok, problem
    if succeeded then
      ok, problem = xpcall(callback, traceback, unpack(value, 1, value.n))
    else
      ok, problem = xpcall(callback, traceback, value)
    end
    if not ok then report(tostring(problem)) end
  end
  result._event:set()
end

function AsyncResult:ready() return self._event:is_set() end

function AsyncResult:successful()
  if not self:ready() then error(ValueError(tostring(self) .. " not ready")) end
  return self._succeeded
end

function AsyncResult:wait(timeout)
  if has_keywords(timeout) then timeout = keywords("wait", timeout, "timeout") end
  self._event:wait(check_timeout(timeout))
end

function AsyncResult:get(timeout)
  if has_keywords(timeout) then timeout = keywords("get", timeout, "timeout") end
  if not self._event:wait(check_timeout(timeout)) then error(TimeoutError) end
  if not self._succeeded then error(self._value, 0) end
  return unpack(self._value, 1, self._value.n)
end

-- The results of all chunks as one list. An error of one is that of the whole, once all are done.
local MapResult = class("multiprocessing.pool.MapResult", AsyncResult)

local function settle_chunk(result, chunk, done, value)
  if done then
    for index = 1, value.n do result._list[chunk.first + index - 1] = value[index] end
  elseif result._problem == nil then
    result._problem = value
  end
  result._left = result._left - 1
  if result._left > 0 then return end
  if result._problem ~= nil then return settle(result, false, result._problem) end
  settle(result, true, {n = 1, result._list})
end

-- The results one by one: for index, value in iterator do.
local ResultIterator = class("multiprocessing.pool.IMapIterator")

function ResultIterator:next(timeout)
  if has_keywords(timeout) then timeout = keywords("next", timeout, "timeout") end
  check_timeout(timeout)
  local held <close> = self._condition:hold()
  if self._given == self._total then return nil end
  local index = self._given + 1
  local function is_there() return self._results[index] ~= nil end
  if not self._condition:wait_for(is_there, timeout) then error(TimeoutError) end
  local result = self._results[index]
  self._results[index] = nil
  self._given = index
  if not result[1] then error(result[2], 0) end
  return index, result[2]
end

function ResultIterator:__call() return self:next() end

local function add_results(iterator, chunk, done, value)
  local held <close> = iterator._condition:hold()
  for index = 1, chunk.count do
    local place = iterator._ordered and chunk.first + index - 1 or iterator._arrived + 1
    iterator._arrived = iterator._arrived + 1
    if done then
      iterator._results[place] = {true, value[index]}
    else
      iterator._results[place] = {false, value}
    end
  end
  iterator._condition:notify_all()
end

-- The handler ---------------------------------------------------------------------------------------------------

local RUNNING, CLOSED, TERMINATED = "RUNNING", "CLOSED", "TERMINATED"

-- REQUIRES: only the thread that makes the pool, or its handler, calls this.
local function start_worker(pool)
  local here, there = Pipe()
  local ends = {here}
  for index = 1, #pool.workers do insert(ends, pool.workers[index].connection) end
  insert(ends, pool.wake_reader)
  insert(ends, pool.wake_writer)
  local begun = RawValue("q")
  local process = pool.Process{
    target = work,
    args = {there, ends, begun, pool.initializer, pool.initargs, pool.maxtasksperchild},
    daemon = true,
  }
  process.name = process.name:gsub("Process", "PoolWorker")
  process:start()
  there:close()
  insert(pool.workers, {process = process, connection = here, tasks = {}, given = 0, begun = begun})
end

-- May the worker have one more?
local function has_room(pool, worker, plenty)
  if #worker.tasks >= (plenty and 2 or 1) then return false end
  return not pool.maxtasksperchild or worker.given < pool.maxtasksperchild
end

-- REQUIRES: pool.lock is held.
local function next_task(pool)
  if pool.count == 0 then return nil end
  local task = pool.tasks[pool.first]
  pool.tasks[pool.first] = nil
  pool.count = pool.count - 1
  pool.first = pool.count == 0 and 1 or pool.first + 1
  return task
end

-- Is the task still wanted? Asked once: it has begun then.
local function begin(task)
  if not task.begin then return true end
  local wanted = task.begin()
  task.begin = nil
  return wanted
end

local function hand_out(pool)
  for turn = 1, 2 do
    local index = 1
    while index <= #pool.workers do
      local worker, task = pool.workers[index], nil
      do
        local held <close> = pool.lock:hold()
        if has_room(pool, worker, turn == 2 and pool.count > 2 * #pool.workers) then task = next_task(pool) end
      end
      if task and begin(task) then
        insert(worker.tasks, task)
        worker.given = worker.given + 1
        -- To a worker that is dead it cannot be sent: once its end is seen, the task goes to another.
        pcall(worker.connection.send_bytes, worker.connection, task.message)
      end
      -- The place of a task that nobody wants any more is for another.
      if not task or worker.tasks[#worker.tasks] == task then index = index + 1 end
    end
  end
end

local function take_results(worker)
  repeat
    local received, found, message = pcall(receive, worker.connection, false)
    if not received or not found then return end
    local task = remove(worker.tasks, 1)
    task.settle(message[1], message[2])
  until false
end

local function describe_end(exitcode)
  if exitcode < 0 then return format("a worker process was killed by signal %d before it had the result", -exitcode) end
  return format("a worker process ended with exit code %d before it had the result", exitcode)
end

-- A worker has ended. What it had not begun goes to others, before all that waits. One that ends by itself, as when its
-- initializer fails, would do so again: its first task is lost even so.
local function replace_worker(pool, worker)
  take_results(worker)
  worker.process:join()
  worker.connection:close()
  local has_begun = worker.begun.value > worker.given - #worker.tasks
  local first = (has_begun or worker.process.exitcode >= 0) and remove(worker.tasks, 1)
  do
    local held <close> = pool.lock:hold()
    for index = #worker.tasks, 1, -1 do
      pool.first = pool.first - 1
      pool.tasks[pool.first] = worker.tasks[index]
      pool.count = pool.count + 1
    end
  end
  for index = 1, #pool.workers do
    if pool.workers[index] == worker then remove(pool.workers, index) break end
  end
  if pool.state ~= TERMINATED then start_worker(pool) end
  if first then first.settle(false, ProcessError(describe_end(worker.process.exitcode)), true) end
end

local function is_idle(pool)
  for index = 1, #pool.workers do
    if #pool.workers[index].tasks > 0 then return false end
  end
  local held <close> = pool.lock:hold()
  return pool.count == 0
end

local function wait_for_news(pool)
  local list, owners = {pool.wake_reader}, {}
  for index = 1, #pool.workers do
    local worker = pool.workers[index]
    insert(list, worker.connection)
    owners[worker.connection] = worker
    local sentinel = worker.process.sentinel
    if sentinel then
      insert(list, sentinel)
      owners[sentinel] = worker
    end
  end
  local ready = wait(list)
  for index = 1, #ready do
    local worker = owners[ready[index]]
    if not worker then
      while receive(pool.wake_reader, false) do end
    else
      take_results(worker)
      if not worker.process:is_alive() and not worker.is_replaced then
        worker.is_replaced = true
        replace_worker(pool, worker)
      end
    end
  end
end

local function end_workers(pool)
  for index = 1, #pool.workers do
    local worker = pool.workers[index]
    if pool.state == TERMINATED then
      worker.process:terminate()
    else
      pcall(worker.connection.send, worker.connection, nil)
    end
  end
  for index = 1, #pool.workers do
    pool.workers[index].process:join()
    pool.workers[index].connection:close()
  end
end

-- What nobody will do any more.
local function give_up(pool, reason)
  local lost = {}
  for index = 1, #pool.workers do
    for position = 1, #pool.workers[index].tasks do insert(lost, pool.workers[index].tasks[position]) end
    pool.workers[index].tasks = {}
  end
  do
    local held <close> = pool.lock:hold()
    for task in next_task, pool do insert(lost, task) end
  end
  for index = 1, #lost do lost[index].settle(false, reason, true) end
end

local function handle(pool)
  local ran, problem = xpcall(function()
    while pool.state == RUNNING or pool.state == CLOSED and not is_idle(pool) do
      hand_out(pool)
      wait_for_news(pool)
    end
  end, traceback)
  if not ran then
    stderr:write("Exception in the handler of a pool:\n", tostring(problem), "\n")
    pool.state = TERMINATED
  end
  end_workers(pool)
  give_up(pool, ProcessError("the pool was terminated"))
  pool.wake_reader:close()
end

-- Those whose workers are to be ended with the program.
local pools, pools_lock = {}, threading.Lock()

threading._register_at_fork(function() pools, pools_lock = {}, threading.Lock() end)

-- Pool ----------------------------------------------------------------------------------------------------------

local Pool = class("multiprocessing.pool.Pool")

local function is_callable(value)
  if type(value) == "function" then return true end
  local metatable = getmetatable(value)
  return type(metatable) == "table" and metatable.__call ~= nil
end

function Pool.new(called_class, processes, initializer, initargs, maxtasksperchild, context)
  if has_keywords(processes) then
    processes, initializer, initargs, maxtasksperchild, context = keywords(
      "Pool", processes, "processes", "initializer", "initargs", "maxtasksperchild", "context")
  end
  if processes == nil then processes = multiprocessing.cpu_count() end
  check_type(processes, "number", "Pool", "processes")
  if processes < 1 then error(ValueError("Number of processes must be at least 1")) end
  if maxtasksperchild ~= nil and (maxtasksperchild < 1 or maxtasksperchild % 1 ~= 0) then
    error(ValueError("maxtasksperchild must be a positive int or None"))
  end
  if initializer ~= nil and not is_callable(initializer) then error(TypeError("initializer must be a callable")) end
  local wake_reader, wake_writer = Pipe(false)
  local pool = {
    Process = (context or multiprocessing).Process,
    initializer = initializer or false,
    initargs = initargs or {},
    maxtasksperchild = maxtasksperchild or false,
    wake_reader = wake_reader,       -- a message comes when the handler is to look again
    wake_writer = wake_writer,
    workers = {},                    -- the handler's, once it runs
    lock = threading.Lock(),         -- held whenever what follows is changed
    finishes_at_exit = false,        -- what it was given is done before the program ends
    state = RUNNING,
    tasks = {},
    first = 1,                       -- where the tasks begin in `tasks`,
    count = 0,                       -- and how many they are
  }
  for _ = 1, processes do start_worker(pool) end
  pool.handler = threading.Thread{target = handle, args = {pool}, name = "PoolHandler", daemon = true}
  pool.handler:start()
  do
    local held <close> = pools_lock:hold()
    pools[pool] = true
  end
  return setmetatable({_pool = pool}, called_class)
end

local function wake_handler(pool) pcall(try_send, pool.wake_writer, true) end

-- settle(done, result, is_lost) is called once, by the handler or here, unless begin() has been false; is_lost: no worker
-- has done it.
local function submit(pool, kind, func, arguments, settle_task, begin_task, owner)
  local packed, message = pcall(dumps, {kind, func, arguments})
  do
    local held <close> = pool.lock:hold()
    if pool.state ~= RUNNING then error(ValueError("Pool not running")) end
    if packed then
      pool.tasks[pool.first + pool.count] = {message = message, settle = settle_task, begin = begin_task, owner = owner}
      pool.count = pool.count + 1
    end
  end
  if packed then return wake_handler(pool) end
  settle_task(false, message)
end

local function check_running(pool)
  if pool.state ~= RUNNING then error(ValueError("Pool not running")) end
end

function Pool:apply_async(func, args, callback, error_callback)
  local kwds
  if has_keywords(func) then
    func, args, kwds, callback, error_callback = keywords(
      "apply_async", func, "func", "args", "kwds", "callback", "error_callback")
  elseif has_keywords(callback) then
    callback, error_callback = keywords("apply_async", callback, "callback", "error_callback")
  end
  local arguments = {n = args and (args.n or #args) or 0}
  for index = 1, arguments.n do arguments[index] = args[index] end
  if kwds then
    arguments.n = arguments.n + 1
    arguments[arguments.n] = kwds
  end
  local result = make_result(AsyncResult, callback, error_callback)
  submit(self._pool, "apply", func, arguments, function(done, value) settle(result, done, value) end)
  return result
end

function Pool:apply(func, args) return self:apply_async(func, args):get() end

-- The elements of a list, or of a function that returns the next one.
local function elements_of(iterable, called)
  if type(iterable) == "table" and not getmetatable(iterable) then return iterable, #iterable end
  if not is_callable(iterable) then
    error(TypeError(called .. ": iterable must be a list or a function, got " .. type(iterable)))
  end
  local list, count = {}, 0
  for element in iterable do
    count = count + 1
    list[count] = element
  end
  return list, count
end

-- Calls add(chunk) for each chunk: a list of at most `size` elements, with the place `first` of its first one.
local function each_chunk(list, count, size, add)
  for first = 1, count, size do
    local chunk = {n = min(size, count - first + 1)}
    for index = 1, chunk.n do chunk[index] = list[first + index - 1] end
    add(chunk, {first = first, count = chunk.n})
  end
end

local function map_async(self, kind, called, func, iterable, chunksize, callback, error_callback)
  if has_keywords(chunksize) then
    chunksize, callback, error_callback = keywords(called, chunksize, "chunksize", "callback", "error_callback")
  end
  local pool = self._pool
  check_running(pool)
  local list, count = elements_of(iterable, called)
  if chunksize == nil then chunksize = max(1, -(-count // (4 * #pool.workers))) end
  if chunksize < 1 then error(ValueError("Chunksize must be 1+, not " .. tostring(chunksize))) end
  local result = make_result(MapResult, callback, error_callback)
  result._list, result._left, result._problem = {}, -(-count // chunksize), nil
  if count == 0 then settle(result, true, {n = 1, {}}) end
  each_chunk(list, count, chunksize, function(chunk, place)
    submit(pool, kind, func, chunk, function(done, value) settle_chunk(result, place, done, value) end)
  end)
  return result
end

function Pool:map_async(func, ...) return map_async(self, "map", "map_async", func, ...) end

function Pool:starmap_async(func, ...) return map_async(self, "starmap", "starmap_async", func, ...) end

function Pool:map(func, ...) return map_async(self, "map", "map", func, ...):get() end

function Pool:starmap(func, ...) return map_async(self, "starmap", "starmap", func, ...):get() end

local function imap(self, called, ordered, func, iterable, chunksize)
  if has_keywords(chunksize) then chunksize = keywords(called, chunksize, "chunksize") end
  if chunksize == nil then chunksize = 1 end
  if chunksize < 1 then error(ValueError("Chunksize must be 1+, not " .. tostring(chunksize))) end
  check_running(self._pool)
  local list, count = elements_of(iterable, called)
  local iterator = setmetatable({
    _condition = threading.Condition(),
    _ordered = ordered,
    _results = {},
    _arrived = 0,
    _given = 0,
    _total = count,
  }, ResultIterator)
  each_chunk(list, count, chunksize, function(chunk, place)
    submit(self._pool, "map", func, chunk, function(done, value) add_results(iterator, place, done, value) end)
  end)
  return iterator
end

function Pool:imap(func, iterable, chunksize) return imap(self, "imap", true, func, iterable, chunksize) end

function Pool:imap_unordered(func, iterable, chunksize)
  return imap(self, "imap_unordered", false, func, iterable, chunksize)
end

local function stop(pool, state)
  do
    local held <close> = pool.lock:hold()
    if pool.state ~= TERMINATED then pool.state = state end
  end
  wake_handler(pool)
end

function Pool:close() stop(self._pool, CLOSED) end

function Pool:terminate()
  local pool = self._pool
  stop(pool, TERMINATED)
  if threading.current_thread() ~= pool.handler then pool.handler:join() end
end

function Pool:join()
  local pool = self._pool
  if pool.state == RUNNING then error(ValueError("Pool is still running")) end
  pool.handler:join()
  local held <close> = pools_lock:hold()
  pools[pool] = nil
end

function Pool:hold() return self end

function Pool:__close() self:terminate() end

threading._register_atexit(function()
  local list = {}
  do
    local held <close> = pools_lock:hold()
    for pool in pairs(pools) do insert(list, pool) end
    pools = {}
  end
  for index = 1, #list do stop(list[index], list[index].finishes_at_exit and CLOSED or TERMINATED) end
  for index = 1, #list do list[index].handler:join() end
end)

-- For executors: `is_lost` ends the pool, since what one process has lost may be missing in others.
local function submit_call(self, func, arguments, settle_task, begin_task, owner)
  submit(self._pool, "apply", func, arguments, settle_task, begin_task, owner)
end

local function abandon(self) stop(self._pool, TERMINATED) end

-- The owners of the tasks that nobody has begun, and that nobody will.
local function take_waiting(self)
  local held <close> = self._pool.lock:hold()
  local owners = {}
  for task in next_task, self._pool do insert(owners, task.owner) end
  return owners
end

return {
  submit_call = submit_call,
  abandon = abandon,
  take_waiting = take_waiting,
  Pool = Pool,
  AsyncResult = AsyncResult,
  MaybeEncodingError = MaybeEncodingError,
}
