-- A local that a closure captures, used in a loop by the function that declares it.
local size = tonumber((...)) or 150000000

local counter = 0
local function read() return counter end
for _ = 1, size do counter = counter + 1 end
print(read())
