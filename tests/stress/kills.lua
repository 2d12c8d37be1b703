-- Workers are killed at random moments while they use a queue, pipes, a lock and shared memory; others take their places.
--
--     gilvm run kills.lua -- [KILLS]
--
-- However many are killed: nothing hangs, what was received is whole and in order, the lock is handed on and says when its
-- holder is gone, and no process, file descriptor or shared memory is left.
local mp, threading, time = require "multiprocessing", require "threading", require "time"
local SharedMemory = require("multiprocessing.shared_memory").SharedMemory
local expect = dofile((arg[0]:gsub("[^/]*$", "hammer.lua"))).expect

local KILLS = tonumber(arg[1]) or 500
local WORKERS = 3

local function exists(path)
  local file <close> = io.open(path)
  return file ~= nil
end

local function open_files()
  local count = 0
  for number = 0, 1023 do
    if exists("/proc/self/fdinfo/" .. number) then count = count + 1 end
  end
  return count
end

local lock = mp.Lock()
-- Equal whenever nobody holds the lock.
local first, second = mp.RawValue("q", 0), mp.RawValue("q", 0)
local recovered = mp.RawValue("q", 0)

-- A holder that is gone may have counted in one of the two only.
local function acquire()
  local _, gone = lock:acquire()
  if gone then
    second.value = first.value
    recovered.value = recovered.value + 1
  end
end

local results = mp.Queue(16)

local function work(id, connection, size)
  local memory = SharedMemory{create = true, size = 64}
  for n = 1, math.huge do
    results:put{id, n, ("x"):rep(size)}
    connection:send{n, ("y"):rep(size)}
    acquire()
    memory.buf[1] = n % 256
    first.value = first.value + 1
    for _ = 1, 20000 do end
    second.value = second.value + 1
    lock:release()
  end
end

-- The last result that has come through the queue from each worker, by the worker's number.
local last_result = {}
local received = 0

local function receive()
  while true do
    local result = results:get()
    if result == "stop" then return end
    local id, n, text = result[1], result[2], result[3]
    expect("the next result of worker " .. id, (last_result[id] or 0) + 1, n)
    expect("a result's size", id % 4 * 5000, #text)
    last_result[id] = n
    received = received + 1
  end
end

-- All that a worker has sent: whole, one after the other, up to an end that is one.
local function read_to_the_end(connection, id)
  local count = 0
  while true do
    local read, message = pcall(connection.recv, connection)
    if not read then
      expect("the end of a pipe", "EOFError", tostring(message):match("^%w+"))
      return
    end
    count = count + 1
    expect("the next message of worker " .. id, count, message[1])
    expect("a message's size", id % 4 * 5000, #message[2])
  end
end

local workers, started = {}, 0

local function start_worker(place)
  started = started + 1
  local here, there = mp.Pipe(false)
  local worker = {id = started}
  worker.process = mp.Process{target = work, args = {worker.id, there, worker.id % 4 * 5000}}
  worker.process:start()
  there:close()
  worker.reader = threading.Thread{target = function()
    read_to_the_end(here, worker.id)
    here:close()
  end}
  worker.reader:start()
  workers[place] = worker
end

local killed = {}  -- pids

local function kill(place)
  local process = workers[place].process
  killed[process.pid] = true
  process:kill()
  process:join()
  expect("an exit code", -9, process.exitcode)
  process:close()
  workers[place].reader:join()
end

-- Everything that is opened once and stays open is opened by a first round, so that it is not counted.
local function in_a_round(f)
  local receiver = threading.Thread{target = receive}
  receiver:start()
  f()
  results:put("stop")
  receiver:join()
end
in_a_round(function()
  start_worker(1)
  kill(1)
end)
local files_before = open_files()

in_a_round(function()
  for place = 1, WORKERS do start_worker(place) end
  local kills = 0
  -- On and on until the lock has been taken over: else nothing was seen of that.
  repeat
    kills = kills + 1
    time.sleep(math.random() * 0.004)
    local place = math.random(WORKERS)
    kill(place)
    start_worker(place)
    acquire()
    expect("the two counters", first.value, second.value)
    lock:release()
  until kills >= KILLS and recovered.value > 0
  for place = 1, WORKERS do kill(place) end
end)

expect("children that are alive", 0, #mp.active_children())
expect("open files", files_before, open_files())
for pid in pairs(killed) do expect("process " .. pid, false, exists("/proc/" .. pid)) end
for name in io.popen("ls /dev/shm"):lines() do
  expect("memory " .. name, nil, killed[tonumber(name:match("^psm_(%d+)_"))])
end
expect("results of some workers", true, received > 0)
