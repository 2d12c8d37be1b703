-- The module `multiprocessing`, after Python's. What it is made of is in vm/lib/multiprocessing.cpp and its
-- neighbours; a part that a program does not use is not loaded.
local _multiprocessing = require "_multiprocessing"
local builtins = require "builtins"
local has_keywords = require("_class").has_keywords
local RuntimeError, ValueError = builtins.RuntimeError, builtins.ValueError
local error, getppid, pairs, require, setmetatable, tostring = error, os.getppid, pairs, require, setmetatable, tostring
local make_process, current, getpid = _multiprocessing.Process, _multiprocessing.current, os.getpid

local multiprocessing = {
  Pipe = _multiprocessing.Pipe,
  Lock = _multiprocessing.Lock,
  RLock = _multiprocessing.RLock,
  Semaphore = _multiprocessing.Semaphore,
  BoundedSemaphore = _multiprocessing.BoundedSemaphore,
  Condition = _multiprocessing.Condition,
  cpu_count = _multiprocessing.cpu_count,
  active_children = _multiprocessing.active_children,
  ProcessError = builtins.exception_type("multiprocessing.ProcessError", builtins.Exception),
}
multiprocessing.TimeoutError = builtins.exception_type("multiprocessing.TimeoutError", multiprocessing.ProcessError)

-- What is in a module of its own, and that module.
local elsewhere = {
  SimpleQueue = "multiprocessing.queues",
  Queue = "multiprocessing.queues",
  JoinableQueue = "multiprocessing.queues",
  Value = "multiprocessing.sharedctypes",
  Array = "multiprocessing.sharedctypes",
  RawValue = "multiprocessing.sharedctypes",
  RawArray = "multiprocessing.sharedctypes",
  Event = "multiprocessing.synchronize",
  Barrier = "multiprocessing.synchronize",
  Pool = "multiprocessing.pool",
}

-- Start methods -------------------------------------------------------------------------------------------------

local METHODS = {"fork", "spawn"}
local method = false  -- nobody has asked for one yet

local function check_method(name)
  for _, known in pairs(METHODS) do
    if name == known then return name end
  end
  error(ValueError("cannot find context for '" .. tostring(name) .. "'"))
end

function multiprocessing.get_all_start_methods() return {METHODS[1], METHODS[2]} end

function multiprocessing.get_start_method(allow_none)
  if has_keywords(allow_none) then allow_none = allow_none.allow_none end
  if not method and not allow_none then method = METHODS[1] end
  return method or nil
end

function multiprocessing.set_start_method(name, force)
  if has_keywords(name) then name, force = name.method, name.force end
  if has_keywords(force) then force = force.force end
  if method and not force then error(RuntimeError("context has already been set")) end
  method = name ~= nil and check_method(name) or false
end

-- A process with the start method `its_method`, whose arguments may be given by position.
local function process_with(its_method, target, ...)
  if not has_keywords(target) then
    local args, name, daemon, kwargs = ...
    target = {target = target, args = args, name = name, daemon = daemon, kwargs = kwargs}
  end
  if target.start_method == nil then
    local copy = {start_method = its_method}
    for key, value in pairs(target) do copy[key] = value end
    target = copy
  end
  return make_process(target)
end

function multiprocessing.Process(target, ...)
  if not method or method == METHODS[1] then return make_process(target, ...) end
  return process_with(method, target, ...)
end

-- What the module has, with a start method of its own.
local contexts = {}

function multiprocessing.get_context(name)
  if name == nil then return multiprocessing end
  check_method(name)
  if not contexts[name] then
    contexts[name] = setmetatable({
      Process = function(...) return process_with(name, ...) end,
      get_start_method = function() return name end,
      get_context = function(other) return multiprocessing.get_context(other or name) end,
      set_start_method = function() error(RuntimeError("context has already been set")) end,
    }, {__index = multiprocessing})
  end
  return contexts[name]
end

-- This process and its parent -----------------------------------------------------------------------------------

-- The process that the user has started.
local MainProcess = {name = "MainProcess", daemon = false, is_alive = function() return true end}

function multiprocessing.current_process()
  local process = current()
  if process then return process end
  MainProcess.pid = getpid()
  MainProcess.ident = MainProcess.pid
  return MainProcess
end

function multiprocessing.parent_process()
  local process = current()
  if not process then return nil end
  local pid = process._parent
  return {
    name = process._parent_name,
    pid = pid,
    ident = pid,
    is_alive = function() return getppid() == pid and _multiprocessing.process_is_alive(pid) end,
  }
end

return setmetatable(multiprocessing, {
  __index = function(module, name)
    if not elsewhere[name] then return nil end
    local value = require(elsewhere[name])[name]
    module[name] = value
    return value
  end,
})
