-- __tostring, __name, __metatable.
print(tostring(setmetatable({}, { __tostring = function() return "described" end })))
print(pcall(tostring, setmetatable({}, { __tostring = function() return 1 end })))
print((tostring(setmetatable({}, { __name = "Thing" })):gsub("0x%x+", "ADDRESS")))
local locked = setmetatable({}, { __metatable = "locked" })
print(getmetatable(locked), pcall(setmetatable, locked, {}))
print(getmetatable("").__index == string, getmetatable({}))
print(pcall(setmetatable, 1, {}))
print(pcall(function() return setmetatable({}, { __name = "Thing" }) + 1 end))
