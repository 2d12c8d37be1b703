-- Recursive calls with one argument and one result: the cost of a call and a return.
local size = tonumber((...)) or 35

local function fib(n)
  if n < 2 then return n end
  return fib(n - 1) + fib(n - 2)
end

print(fib(size))
