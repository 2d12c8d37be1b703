-- Exercise of the lesson convoy.
-- Run: gilvm run docs/lessons/exercises/convoy.lua
--
-- A client wants four prices and asks for one after the other. For each question the thread that answers has to get the GIL
-- back from a thread that computes. Have it ask for all four at once, so that an order costs one hand-over and not four.
-- Change ask() and answer() only. You are done when the script prints "solved".
local gil = require "gil"
local multiprocessing = require "multiprocessing"
local threading = require "threading"
local time = require "time"

local ORDERS = 25
local prices = {bread = 3, milk = 2, cheese = 9, apple = 1}

-- The client, in a process of its own: returns the sum of four prices.
local function ask(connection)
  local sum = 0
  for _, name in ipairs {"bread", "milk", "cheese", "apple"} do
    time.sleep(0.003)  -- the way to the server is long
    connection:send(name)
    sum = sum + connection:recv()
  end
  return sum
end

-- The server: answers until there are no more questions.
local function answer(connection)
  while true do
    local question = connection:recv()
    if question == false then return end
    connection:send(prices[question])
  end
end

-- The check.
local here, there = multiprocessing.Pipe()
local client = multiprocessing.Process{args = {there}, target = function(connection)
  for order = 1, ORDERS do
    local sum = ask(connection)
    assert(sum == 15, "order " .. order .. ": the sum is " .. tostring(sum) .. ", and the prices make 15")
  end
  connection:send(false)
  connection:recv()  -- until the other side is closed
end}
client:start()
there:close()
local done = false
local server = threading.Thread{target = answer, args = {here}, name = "server"}
local other = threading.Thread{target = function() while not done do end end}
server:start()
other:start()
server:join()
done = true
other:join()
here:send(true)
client:join()
assert(client.exitcode == 0, "the client has failed")
local switches
for _, thread in ipairs(gil.stats()) do
  if thread.thread == "server" then switches = thread.switches end
end
local each = switches / ORDERS
assert(each <= 2, string.format("an order costs %.1f hand-overs of the GIL, and 1 is enough", each))
print "solved"
