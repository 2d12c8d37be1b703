-- The simulation of an operating system's kernel: method calls that the receiver's class decides (Martin Richards).
local size = tonumber((...)) or 18

local IDLE, WORKER, HANDLER_A, HANDLER_B, DEVICE_A, DEVICE_B = 1, 2, 3, 4, 5, 6
local WORDS = 4 -- in a packet
local ROUNDS = 10000 -- of the idle task

-- Packets wait in lists that they are the links of.
local Packet = {}
Packet.__index = Packet

function Packet.new(link, destination, is_work)
  return setmetatable({ link = link, destination = destination, is_work = is_work, word = 1, words = { 0, 0, 0, 0 } },
    Packet)
end

-- Puts the packet at a list's end, and returns the list.
function Packet:append_to(list)
  self.link = nil
  if not list then return self end
  local last = list
  while last.link do last = last.link end
  last.link = self
  return list
end

-- A task is ready unless it is held, or waits for a packet and has none. Each kind has a method work(packet): one
-- step, which returns the task that the kernel goes on with.
local Task = {}
Task.__index = Task

function Task.new(class, kernel, number, priority, packets)
  local self = setmetatable({
    kernel = kernel,
    number = number,
    priority = priority,
    packets = packets,
    is_waiting = true,
    is_held = false,
    has_packet = packets ~= nil,
  }, class)
  kernel:add(self)
  return self
end

function Task:is_ready()
  if self.is_held then return false end
  return self.has_packet or not self.is_waiting
end

function Task:step()
  if not (self.is_waiting and self.has_packet) then return self:work(nil) end
  local packet = self.packets
  self.packets = packet.link
  self.is_waiting = false
  self.has_packet = self.packets ~= nil
  return self:work(packet)
end

-- Takes a packet in; returns who runs next, the running task or this one.
function Task:receive(packet, running)
  if self.packets then
    packet:append_to(self.packets)
    return running
  end
  self.packets = packet
  self.has_packet = true
  if self.priority > running.priority then return self end
  return running
end

local Kernel = {}
Kernel.__index = Kernel

function Kernel.new()
  return setmetatable({ tasks = {}, first = nil, running = nil, queue_count = 0, hold_count = 0 }, Kernel)
end

function Kernel:add(task)
  task.next = self.first
  self.first = task
  self.tasks[task.number] = task
end

function Kernel:run()
  self.running = self.first
  while self.running do
    local task = self.running
    if task:is_ready() then
      self.running = task:step()
    else
      self.running = task.next
    end
  end
end

function Kernel:hold()
  self.hold_count = self.hold_count + 1
  self.running.is_held = true
  return self.running.next
end

function Kernel:release(number)
  local task = self.tasks[number]
  task.is_held = false
  if task.priority > self.running.priority then return task end
  return self.running
end

function Kernel:wait()
  self.running.is_waiting = true
  return self.running
end

-- Sends a packet to its destination; what it carries from now on is where it came from.
function Kernel:queue(packet)
  local receiver = self.tasks[packet.destination]
  self.queue_count = self.queue_count + 1
  packet.link = nil
  packet.destination = self.running.number
  return receiver:receive(packet, self.running)
end

local function subclass(parent)
  local class = setmetatable({}, { __index = parent })
  class.__index = class
  return class
end

-- Lets one of the two devices go on, in an order that a feedback shift register of 16 bits decides.
local Idle = subclass(Task)

function Idle.new(class, kernel, ...)
  local self = Task.new(class, kernel, ...)
  self.register, self.rounds = 1, ROUNDS
  self.is_waiting = false
  return self
end

local function flip(value, bit)
  if value % (2 * bit) >= bit then return value - bit end
  return value + bit
end

function Idle:work()
  self.rounds = self.rounds - 1
  if self.rounds == 0 then return self.kernel:hold() end
  local register = self.register
  if register % 2 == 0 then
    self.register = math.floor(register / 2)
    return self.kernel:release(DEVICE_A)
  end
  register = math.floor(register / 2)
  self.register = flip(flip(flip(flip(register, 0x8000), 0x4000), 0x1000), 0x0008)
  return self.kernel:release(DEVICE_B)
end

-- Fills packets with letters, for the two handlers in turn.
local Worker = subclass(Task)

function Worker.new(class, ...)
  local self = Task.new(class, ...)
  self.handler, self.letter = HANDLER_A, 0
  return self
end

function Worker:work(packet)
  if not packet then return self.kernel:wait() end
  self.handler = self.handler == HANDLER_A and HANDLER_B or HANDLER_A
  packet.destination = self.handler
  packet.word = 1
  for index = 1, WORDS do
    self.letter = self.letter % 26 + 1
    packet.words[index] = self.letter
  end
  return self.kernel:queue(packet)
end

-- Gives a device the words of the worker's packets, one at a time.
local Handler = subclass(Task)

function Handler:work(packet)
  if packet then
    if packet.is_work then
      self.work_packets = packet:append_to(self.work_packets)
    else
      self.device_packets = packet:append_to(self.device_packets)
    end
  end
  local full = self.work_packets
  if full then
    if full.word > WORDS then
      self.work_packets = full.link
      return self.kernel:queue(full)
    end
    local carrier = self.device_packets
    if carrier then
      self.device_packets = carrier.link
      carrier.word = full.words[full.word]
      full.word = full.word + 1
      return self.kernel:queue(carrier)
    end
  end
  return self.kernel:wait()
end

-- Holds itself with each packet until the idle task releases it, then sends the packet back.
local Device = subclass(Task)

function Device:work(packet)
  if packet then
    self.pending = packet
    return self.kernel:hold()
  end
  local done = self.pending
  if not done then return self.kernel:wait() end
  self.pending = nil
  return self.kernel:queue(done)
end

local function packets(count, destination, is_work)
  local list
  for _ = 1, count do list = Packet.new(list, destination, is_work) end
  return list
end

local function simulate()
  local kernel = Kernel.new()
  Idle:new(kernel, IDLE, 0, nil)
  Worker:new(kernel, WORKER, 1000, packets(2, WORKER, true))
  Handler:new(kernel, HANDLER_A, 2000, packets(3, DEVICE_A, false))
  Handler:new(kernel, HANDLER_B, 3000, packets(3, DEVICE_B, false))
  Device:new(kernel, DEVICE_A, 4000, nil)
  Device:new(kernel, DEVICE_B, 5000, nil)
  kernel:run()
  return kernel.queue_count, kernel.hold_count
end

local queued, held = 0, 0
for _ = 1, size do
  local queue_count, hold_count = simulate()
  if queue_count ~= 23246 or hold_count ~= 9297 then
    error(("the kernel queued %d times and held %d times"):format(queue_count, hold_count))
  end
  queued, held = queued + queue_count, held + hold_count
end
print(queued, held)
