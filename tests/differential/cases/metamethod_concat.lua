-- Concatenation works from the right, two at a time, and calls __concat only where a string is not possible.
local function object(name)
  return setmetatable({}, { __concat = function(a, b)
    return "(" .. (type(a) == "table" and name or a) .. "+" .. (type(b) == "table" and name or b) .. ")"
  end })
end
local o = object("o")
-- 5.4.4 loses operands when its stack has to grow in the middle of a concatenation: it grows here.
local function deep(n) if n > 0 then return (deep(n - 1)) end end
deep(200)
print("b" .. o .. "c" .. "d")
print(o .. 1 .. 2)
print(1 .. 2 .. o)
print(1.5 .. "x" .. -0.0 .. 2^63)
print(pcall(function() return "a" .. nil end))
print(pcall(function() return "a" .. {} .. "b" end))
