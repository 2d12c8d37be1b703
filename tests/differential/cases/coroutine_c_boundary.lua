-- Native functions that a yield cannot cross, and those that it can.
local yield = coroutine.yield
local function try(name, f)
  local co = coroutine.create(f)
  local results = table.pack(coroutine.resume(co))
  for i = 1, results.n do results[i] = tostring(results[i]):gsub("0x%x+", "ADDRESS") end
  print(name, coroutine.status(co), table.concat(results, " ", 1, results.n))
end

try("sort", function() table.sort({3, 1, 2}, function(a, b) yield() return a < b end) end)
try("sort with __lt", function()
  local metatable = {__lt = function() yield() return false end}
  table.sort({setmetatable({}, metatable), setmetatable({}, metatable)})
end)
try("gsub", function() string.gsub("abc", "%w", function(c) yield(c) end) end)
try("gsub table", function() string.gsub("abc", "%w", setmetatable({}, {__index = function(_, k) yield(k) end})) end)
try("load", function() return load(function() yield("piece") end) end)
try("tostring", function() tostring(setmetatable({}, {__tostring = function() yield() return "x" end})) end)
try("print", function() print(setmetatable({}, {__tostring = function() yield() return "x" end})) end)
try("concat", function() table.concat(setmetatable({}, {__index = function() yield() end, __len = function() return 2 end})) end)
try("unpack", function() table.unpack(setmetatable({}, {__index = function() yield() end}), 1, 2) end)
try("insert", function() table.insert(setmetatable({}, {__newindex = function() yield() end}), 1) end)
try("ipairs", function() for _ in ipairs(setmetatable({}, {__index = function() yield() end})) do end end)
try("handler", function() return xpcall(error, function(m) yield(m) return "handled" end, "e") end)
try("string arithmetic", function() return "10" + 1 end)

-- Caught inside, the coroutine goes on.
try("caught", function()
  local ok, message = pcall(table.sort, {2, 1}, function() yield() end)
  yield(ok, message)
end)

-- isyieldable knows.
try("isyieldable", function()
  local seen = {tostring(coroutine.isyieldable())}
  table.sort({2, 1}, function(a, b) seen[2] = tostring(coroutine.isyieldable()) return a < b end)
  pcall(function() seen[3] = tostring(coroutine.isyieldable()) end)
  string.gsub("a", "a", function() seen[4] = tostring(coroutine.isyieldable()) end)
  setmetatable({}, {__index = function() seen[5] = tostring(coroutine.isyieldable()) end}).x = nil
  local _ = setmetatable({}, {__index = function() seen[5] = tostring(coroutine.isyieldable()) end}).x
  coroutine.wrap(function() table.sort({2, 1}, function(a, b) seen[6] = tostring(coroutine.isyieldable()) return a < b end) end)()
  seen[7] = tostring(coroutine.isyieldable())
  return table.concat(seen, " ")
end)

-- A coroutine that is resumed inside of such a function yields to it.
try("inside", function()
  local generator = coroutine.wrap(function() for i = 1, 10 do yield(i) end end)
  local list = {5, 3, 4}
  table.sort(list, function(a, b) generator() return a < b end)
  return table.concat(list, ","), (string.gsub("abc", "%w", function(c) return c .. generator() end))
end)
try("resumed by sort", function()
  local list = {2, 1}
  table.sort(list, coroutine.wrap(function(a, b) while true do a, b = yield(a < b) end end))
  return list[1], list[2]
end)

-- Across pcall, xpcall, several deep, and with results of every number.
local co = coroutine.wrap(function(...)
  print(pcall(pcall, pcall, function(...) print("in", yield(...)) return "out", yield("again") end, ...))
  print(xpcall(function(...) return select("#", yield(...)) end, print, 1, nil, nil))
  print(pcall(yield, "direct"))
  print(xpcall(yield, print, "direct too"))
  print(select("#", pcall(yield)))
  return pcall(error, yield("last"))
end)
print(co("a", "b")) print(co("c")) print(co("d", "e")) print(co(nil, nil)) print(co("f")) print(co("g")) print(co(1, 2, 3)) print(co("h"))
