-- __index: a function, a table, a chain, and on missing keys only.
local base = setmetatable({ one = 1 }, { __index = function(t, key) return "base:" .. tostring(key) end })
local derived = setmetatable({ two = 2 }, { __index = base })
print(derived.two, derived.one, derived.three, derived[4], derived[1.5], derived[true])
print(rawget(derived, "one"), rawget(derived, "two"))
derived.one = "own"
print(derived.one, base.one)
print(("text").len == string.len, #"text", ("text").missing)
print(pcall(function() return setmetatable({}, { __index = 5 }).x end))
local looped = {}
setmetatable(looped, { __index = looped })
print(pcall(function() return looped.x end))
