-- In a block with a to-be-closed variable `return f()` is no tail call: f runs before the close.
local function c(name) return setmetatable({}, { __close = function() print("close", name) end }) end
local function inner() print("inner") return 1, 2, 3 end
local function outer() local x <close> = c("outer") return inner() end
print(outer())
