-- xpcall calls the handler where the error was raised, and gives its results.
print(xpcall(function() error("problem", 0) end, function(e) return "handled " .. e, "second" end))
print(xpcall(function(...) return select("#", ...), ... end, print, 1, nil))
print(xpcall(function() local x; x() end, function(e) return #e > 0, e end))
print(xpcall(error, function(e) return type(e), e end))
print(xpcall(function() error({ code = 3 }) end, function(e) return e.code end))
print(pcall(xpcall)) print(pcall(xpcall, print))
print(pcall(xpcall, print, nil, "no handler"))
local function deep(n) if n == 0 then error("deep", 0) end deep(n - 1) end
print(xpcall(deep, function(e) return e .. " handled" end, 50))
print((xpcall(function() error("first") end, function(e) error("again") end)))
