-- `local function` can call itself through its own captured variable; `local f = function` cannot.
local function factorial(n) return n <= 1 and 1 or n * factorial(n - 1) end
print(factorial(20))

local fib = function(n) return fib and "sees itself" or "sees the global" end
print(fib(1))

-- A fresh one each time round, each with its own cell.
local kept = {}
for i = 1, 2 do
  local function countdown(n) if n == 0 then return "end " .. i end return countdown(n - 1) end
  kept[i] = countdown
  local old = countdown
  countdown = function() return "replaced " .. i end
  print(old(0), old(2))
end
print(kept[1](0), kept[2](1))
