-- An inner local hides an outer one of the same name; the initial value still sees the outer.
local x = 1
local x = x + 1
print(x)
do local x = x * 10 print(x) do local x = x + 1 print(x) end print(x) end
print(x)
local function f(x) local x = x or "default" return function() x = x .. "!" return x end, x end
print(f()(), f("given")())
for x = 1, 2 do local x = x * 100 io.write(x, " ") end print(x)
local y = function() return y end
print(y())
if x then local x = nil print(x) end
repeat local z = 5 until z == 5
print(z, x)
local a, a = 1, 2
print(a)
