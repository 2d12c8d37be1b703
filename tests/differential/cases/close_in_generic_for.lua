-- The fourth value of a generic for is closed when the loop ends by itself, by an error and by return.
local function c(name) return setmetatable({}, { __close = function(_, e) print("close", name, e) end }) end
local function iterate(limit, at) if at < limit then return at + 1 end end
for i in iterate, 2, 0, c("end") do print(i) end
print(pcall(function() for i in iterate, 2, 0, c("error") do error("in loop", 0) end end))
print((function() for i in iterate, 2, 0, c("return") do return "returned " .. i end end)())
for i in iterate, 0, 0, c("empty") do print(i) end
print(pcall(function() for i in iterate, 2, 0, {} do print(i) end end))
