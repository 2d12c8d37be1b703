-- The classroom's `counter = counter + 1`: a global read and written in a loop.
local size = tonumber((...)) or 60000000

counter = 0
for _ = 1, size do counter = counter + 1 end
print(counter)
