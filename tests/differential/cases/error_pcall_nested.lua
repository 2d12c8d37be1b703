-- pcall in pcall, errors in handlers, and results that pass through.
print(pcall(pcall, error, "x"))
print(pcall(pcall))
print(pcall(function() print(pcall(error, "inner", 0)) error("outer", 0) end))
local depth = 0
local function nest(n) if n == 0 then error("bottom", 0) end depth = depth + 1 local ok, e = pcall(nest, n - 1) error(e .. n, 0) end
print(pcall(nest, 5)) print(depth)
local function results(...) return ... end
print(pcall(results, 1, nil, 3, nil)) print(select("#", pcall(results)))
local kept
print(pcall(function() local x = 1 kept = function() x = x + 1 return x end kept() error("after", 0) end))
print(kept())
