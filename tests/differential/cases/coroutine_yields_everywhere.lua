-- Yields within metamethods, iterators, protected calls and closing (manual §2.6, §3.3.8, §6.2).
local yield = coroutine.yield
local function drive(label, body, ...)
  local co = coroutine.create(body)
  local line = { label }
  local values = table.pack(coroutine.resume(co, ...))
  while true do
    for i = 1, values.n do line[#line + 1] = tostring(values[i]) end
    if coroutine.status(co) == "dead" then break end
    line[#line + 1] = "|"
    values = table.pack(coroutine.resume(co, "r" .. #line))
  end
  print((table.concat(line, " "):gsub("0x%x+", "ADDRESS")))
end
local function yielding(result) return function(...) return (yield("y" .. select("#", ...)) and result) end end
local events = {}
for _, name in ipairs { "add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr", "bnot",
  "concat", "len", "eq", "lt", "le", "index", "newindex", "call" } do events["__" .. name] = yielding(name) end
local x, y = setmetatable({}, events), setmetatable({}, events)
local expressions = { "x + 1", "1 - x", "x * y", "x / 2", "2 % x", "x ^ 2", "-x", "x // 1", "x & 1", "1 | x", "x ~ y", "x << 1", "1 >> x",
  "~x", "'a' .. x", "x .. 'b'", "'a' .. 'b' .. x .. 'c'", "#x", "x == y", "x ~= y", "x < y", "x <= y", "x > 1", "1 >= x", "x.field",
  "x[1]", "x[1.5]", "x(1, 2)", "x:method()", "not (x < y)", "x < y and 'yes' or 'no'", "(x + 1) .. (y - 1)", "{x.a, x.b, x()}", "x.a == 'index'" }
for _, expression in ipairs(expressions) do
  drive(expression, load("local x, y = ... return " .. expression), x, y)
end
drive("newindex", load "local x = ... x.field = 1 x[1] = 2 x[{}] = 3 return 'stored'", x)
drive("if", load "local x, y = ... if x < y then return 'then' else return 'else' end", x, y)
drive("while", load "local x, y = ... local n = 0 while x <= y do n = n + 1 if n == 2 then break end end return n", x, y)
drive("repeat", load "local x, y = ... repeat local z = x + y until x == y return 'end'", x, y)
drive("global", load "local x = ... local _ENV = x; return name, other", x)
drive("iterator", function()
  local seen = {}
  for a, b in function(_, control) return yield(control) and not (control and control > 2) and (control or 0) + 1 or nil, "b" end do
    seen[#seen + 1] = a
  end
  return table.concat(seen, ",")
end)
drive("pairs", function()
  local t = setmetatable({}, { __pairs = function(t) yield "pairs" return next, { 1 }, nil end })
  for k, v in pairs(t) do yield(k, v) end
  return "end"
end)
drive("close", function()
  do
    local a <close> = setmetatable({}, { __close = function(_, e) yield("closing a", e) end })
    local b <close> = setmetatable({}, { __close = function(_, e) yield("closing b", e) error("from b", 0) end })
    yield "inside"
  end
end)
drive("close and return", function()
  local a <close> = setmetatable({}, { __close = function() yield "closing" end })
  return "three", "results", nil
end)
drive("close and pcall", function()
  return pcall(function()
    local a <close> = setmetatable({}, { __close = function(_, e) yield("closing", e) error("second " .. e, 0) end })
    error("first", 0)
  end)
end)
drive("close in for", function()
  for i in function(_, i) if not i then return 1 end end, nil, nil, setmetatable({}, { __close = function() yield "for closes" end }) do yield(i) end
  for i in next, { 1, 2 }, nil, setmetatable({}, { __close = function() yield "break closes" end }) do break end
  return "end"
end)
drive("pcall", function() return pcall(pcall, pcall, function() yield(1) error "x" end) end)
drive("xpcall", function() return xpcall(function(...) return yield(...) end, print, 1, 2) end)
drive("error after yield", function() yield(1) local t = nil; return t.x end)
drive("select", function() return select(2, yield(1), yield(2), yield(3)) end)
drive("sort", function() return pcall(table.sort, { 3, 2, 1 }, function(a, b) yield() return a < b end) end)
drive("gsub", function() return pcall(string.gsub, "abc", ".", function() yield() end) end)
drive("tostring", function() return pcall(tostring, setmetatable({}, { __tostring = function() yield() return "" end })) end)
drive("require", function() package.preload.yields = function() yield() end return (select(2, pcall(require, "yields"))) end)
drive("load", function() return load(function() yield() end) end)
drive("table.concat", function() return pcall(table.concat, setmetatable({}, { __index = function() yield() end, __len = function() return 2 end })) end)
drive("dofile", function() return pcall(dofile, "no such file") end)
-- Status, running, isyieldable, close, wrap.
print(coroutine.isyieldable(), select(2, coroutine.running()))
drive("inside", function() return coroutine.isyieldable(), select(2, coroutine.running()), pcall(coroutine.close, (coroutine.running())) end)
local outer
outer = coroutine.create(function()
  local inner = coroutine.create(function() return coroutine.status(outer), coroutine.resume(outer) end)
  print(coroutine.resume(inner))
  print(pcall(coroutine.close, outer))
  return coroutine.resume((coroutine.running()))
end)
print(coroutine.resume(outer))
print(coroutine.resume(outer), coroutine.close(outer), coroutine.status(outer))
local failed = coroutine.create(function() local a <close> = setmetatable({}, { __close = function(_, e) print("late", type(e)) end }) error({}) end)
print(select("#", coroutine.resume(failed)), coroutine.status(failed))
print(select("#", coroutine.close(failed)), select("#", coroutine.close(failed)))
local never = coroutine.create(print)
print(coroutine.close(never), coroutine.status(never), coroutine.resume(never))
local wrapped = coroutine.wrap(function() error("plain", 0) end)
print(pcall(wrapped))
print(pcall(wrapped))
print(pcall(coroutine.wrap(function() error(setmetatable({}, { __tostring = function() return "object" end })) end)))
print(pcall(coroutine.wrap(function() local a <close> = setmetatable({}, { __close = function() error("in close", 0) end }) error("body", 0) end)))
print(pcall(coroutine.resume, 12), pcall(coroutine.create, 12), pcall(coroutine.wrap), pcall(coroutine.status, nil), pcall(coroutine.close, {}))
print(pcall(coroutine.isyieldable, 12), pcall(coroutine.yield))
