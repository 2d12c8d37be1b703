-- Calls through upvalues, counters that closures capture, and the making of closures.
local size = tonumber((...)) or 7000000

local function make_counter(step)
  local count = 0
  return function()
    count = count + step
    return count
  end, function() return count end
end

local function add(a, b) return a + b end
local function compose(outer, inner)
  return function(value) return outer(inner(value)) end
end

local next_one, current_one = make_counter(1)
local next_three, current_three = make_counter(3)
local total = 0
local function accumulate(value) total = add(total, value) % 1000003 end

for _ = 1, size do
  next_one()
  accumulate(next_three())
end

-- A closure per iteration, each with its own captured loop variable.
local composed = 0
for i = 1, size / 10 do
  local shift = compose(function(value) return value + i end, function(value) return value * 2 end)
  composed = (composed + shift(i)) % 1000003
end
print(current_one(), current_three(), total, composed)
