-- Exercise of the lesson my_list.
-- Run: gilvm run docs/lessons/exercises/my_list.lua
--
-- collect(n) is to start n threads, each of which puts one square into the list, and to return the list when all n
-- squares are in it. The threads are to wait at the same time, not one after the other.
-- Change collect() only. You are done when the script prints "solved".
local time = require "time"
local Thread = require("threading").Thread

local squares

local function put_square(number)
  time.sleep(0.2)
  table.insert(squares, number * number)
end

local function collect(n)
  squares = {}
  for i = 1, n do
    local task = Thread{target = put_square, args = {i}}
    task:start()
  end
  return squares
end

-- The check.
local start = time.monotonic()
local list = collect(8)
local seconds = time.monotonic() - start
assert(#list == 8, "8 squares are expected when collect() returns, and there are " .. #list)
table.sort(list)
for i = 1, 8 do assert(list[i] == i * i, "the square of " .. i .. " is missing") end
assert(seconds < 1, "the threads waited one after the other: that took " .. seconds .. " seconds")
print "solved"
