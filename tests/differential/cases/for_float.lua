-- A float in the start or the step makes the loop a float loop, which accumulates. A NaN limit does not stop
-- the first iteration in 5.4.4.
for x = 0, 1, 0.25 do io.write(tostring(x), " ") end print()
for x = 1.0, 3 do io.write(tostring(x), " ") end print()
for x = 1, 0, -0.5 do io.write(tostring(x), " ") end print()
local n, last = 0
for x = 0, 1, 0.1 do n, last = n + 1, x end
print(n, last)
for x = 1.0, 0.0 do io.write("never") end print("none")
for x = 2^53, 2^53 + 2 do n = n + 1 if n > 20 then break end end
print(n)
for x = 0.0, 0/0 do io.write("once ") end print("with a NaN limit")
for x = 1e308, math.huge, 1e308 do io.write(tostring(x), " ") if x == math.huge then break end end print()
