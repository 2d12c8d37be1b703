-- The module `asyncio`: tasks that take turns in one thread, each of which runs until it waits. Its parts are those of
-- Python's package.
local coroutines = require "asyncio.coroutines"
local events = require "asyncio.events"
local exceptions = require "asyncio.exceptions"
local futures = require "asyncio.futures"
local locks = require "asyncio.locks"
local queues = require "asyncio.queues"
local runners = require "asyncio.runners"
local tasks = require "asyncio.tasks"
local streams = require "asyncio.streams"
local subprocess = require "asyncio.subprocess"
local taskgroups = require "asyncio.taskgroups"
local threads = require "asyncio.threads"
local timeouts = require "asyncio.timeouts"
local waiting = require "asyncio.waiting"

return {
  -- Coroutines
  async = coroutines.async,
  coro = coroutines.coro,
  iscoroutine = coroutines.iscoroutine,
  -- The loop
  EventLoop = events.Loop,
  Handle = events.Handle,
  TimerHandle = events.TimerHandle,
  Runner = runners.Runner,
  get_event_loop = events.get_event_loop,
  get_running_loop = events.get_running_loop,
  new_event_loop = events.new_event_loop,
  run = runners.run,
  set_event_loop = events.set_event_loop,
  -- Futures and tasks
  Future = futures.Future,
  Task = tasks.Task,
  all_tasks = tasks.all_tasks,
  await = tasks.await,
  create_task = tasks.create_task,
  current_task = tasks.current_task,
  ensure_future = tasks.ensure_future,
  gather = waiting.gather,
  as_completed = waiting.as_completed,
  shield = waiting.shield,
  timeout = timeouts.timeout,
  timeout_at = timeouts.timeout_at,
  wait = waiting.wait,
  wait_for = waiting.wait_for,
  ALL_COMPLETED = waiting.ALL_COMPLETED,
  FIRST_COMPLETED = waiting.FIRST_COMPLETED,
  FIRST_EXCEPTION = waiting.FIRST_EXCEPTION,
  TaskGroup = taskgroups.TaskGroup,
  Timeout = timeouts.Timeout,
  isfuture = futures.isfuture,
  sleep = tasks.sleep,
  -- Threads
  run_coroutine_threadsafe = threads.run_coroutine_threadsafe,
  to_thread = threads.to_thread,
  wrap_future = threads.wrap_future,
  -- What tasks wait for
  Barrier = locks.Barrier,
  BoundedSemaphore = locks.BoundedSemaphore,
  Condition = locks.Condition,
  Event = locks.Event,
  Lock = locks.Lock,
  Semaphore = locks.Semaphore,
  LifoQueue = queues.LifoQueue,
  PriorityQueue = queues.PriorityQueue,
  Queue = queues.Queue,
  -- Streams
  Server = streams.Server,
  StreamReader = streams.StreamReader,
  StreamWriter = streams.StreamWriter,
  open_connection = streams.open_connection,
  start_server = streams.start_server,
  -- Programs
  create_subprocess_exec = subprocess.create_subprocess_exec,
  create_subprocess_shell = subprocess.create_subprocess_shell,
  subprocess = subprocess,
  -- Exceptions
  BrokenBarrierError = exceptions.BrokenBarrierError,
  CancelledError = exceptions.CancelledError,
  IncompleteReadError = exceptions.IncompleteReadError,
  LimitOverrunError = exceptions.LimitOverrunError,
  InvalidStateError = exceptions.InvalidStateError,
  QueueEmpty = exceptions.QueueEmpty,
  QueueFull = exceptions.QueueFull,
  TimeoutError = exceptions.TimeoutError,
}
