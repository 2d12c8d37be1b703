-- "bad argument": the number, the function's name, what was expected and what came.
print(pcall(string.rep)) print(pcall(string.rep, "x", "y")) print(pcall(string.rep, "x", 1.5))
print(pcall(("x").rep, "x", {})) print(pcall(function() return ("x"):rep({}) end))
print(pcall(string.char, 256)) print(pcall(string.format, "%d", 1.5)) print(pcall(string.format, "%d", "x")) print(pcall(string.format, "%y", 1)) print(pcall(string.format, "%d"))
print(pcall(math.floor, "x")) print(pcall(math.floor)) print(pcall(math.random, 0, -1)) print(pcall(math.tointeger))
print(pcall(table.concat, { 1, {}, 3 })) print(pcall(table.concat, {}, 1, 1, 2)) print(pcall(table.insert, { 1 }, 5, 2)) print(pcall(table.insert, {}, 1, 2, 3)) print(pcall(table.insert, nil, 1))
print(pcall(ipairs)) print(pcall(setmetatable, {}, 1)) print(pcall(select, "x")) print(pcall(tostring)) print(pcall(rawlen, 5)) print(pcall(rawget, 1, 2))
print(pcall(table.unpack, {}, 1, 1e8)) print(pcall(string.sub)) print(pcall(math.max)) print(pcall(math.ult, 1.5, 2))
print(pcall(function() local s = string.sub return s() end))
