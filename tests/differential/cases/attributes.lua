-- Attributes of locals (manual §3.3.7, §3.3.8).
for _, body in ipairs { "local x <const> = 1; x = 2", "local x <close> = nil; x = 2", "local x <unknown> = 1", "local x <const>, y <close>, z <close> = 1",
  "local x <const> = 1; local function f() x = 2 end", "local x <const> = 1; for x = 1, 2 do x = 3 end", "local function f(x <const>) end",
  "for i <const> = 1, 2 do end", "x <const> = 1", "local x < const > = 1; return x", "local x<const>, y <const> = 1, 2; return x + y",
  "local x <const>; return x", "local x <const> = 5; local y <const> = x + 1; return y", "local x <const> = ...; x = 1", "local <const> x = 1",
  "local x <const> = 1; do local x = 2; x = 3; return x end", "local x <close> = 12", "local x <close> = {}", "local x <close> = false; return x",
  "local x <close>, y = nil, 2; return y", "local a <const> = 'text'; return a:upper()", "local a <const> = 1.5; return a // 1, -a, a .. ''",
  "local a <const> = nil; return a == nil", "local a <const>, b <const> = true, false; return a and b, a or b, not b",
  "local big <const> = 1 << 62; return big | 1", "local a <const> = 3; return function() return a end, a", "local n <const> = 0; return 1 // n" } do
  local f, message = load(body, "=chunk")
  if f then
    local ok, result, more = pcall(f)
    print(body, ok, type(result) == "function" and result() or result, more)
  else
    print(body, message)
  end
end
local log = {}
local function closing(name, action)
  return setmetatable({}, { __close = function(_, e) log[#log + 1] = name .. ":" .. tostring(e) if action then return action(e) end end })
end
local function flush(label, ...) print(label, table.concat(log, " "), ...) log = {} end
-- Order, errors, returns; the values of return are evaluated before anything is closed.
local function returns()
  local x = "before"
  local a <close> = closing("a", function() x = "after" end)
  local b <close> = closing "b"
  return x, 2, nil
end
flush("return", returns())
flush("error", pcall(function()
  local a <close> = closing("a", function(e) error("a after " .. tostring(e), 0) end)
  local b <close> = closing("b", function(e) error("b after " .. tostring(e), 0) end)
  local c <close> = closing "c"
  error("body", 0)
end))
flush("error after return", pcall(function()
  local a <close> = closing "a"
  local b <close> = closing("b", function() error("from b", 0) end)
  return "lost"
end))
flush("break", (function() for i = 1, 3 do local a <close> = closing("a" .. i) if i == 2 then break end end return "end" end)())
flush("tail position", (function() local a <close> = closing "a" return (select("#", 1, 2, 3)) end)())
-- What is closed is the value that the variable got, even if its metatable changes; nil and false are not.
flush("metatable taken", pcall(function()
  local object = closing "a"
  local a <close> = object
  setmetatable(object, nil)
end))
flush("metatable taken, error", pcall(function()
  local object = closing "a"
  local a <close> = object
  setmetatable(object, nil)
  error "body"
end))
flush("metatable taken, coroutine", coroutine.close((function()
  local co = coroutine.create(function() local object = closing "a" local a <close> = object setmetatable(object, nil) coroutine.yield() end)
  coroutine.resume(co)
  return co
end)()))
flush("metatable changed", pcall(function()
  local object = closing "a"
  local a <close> = object
  setmetatable(object, { __close = function() log[#log + 1] = "other method" end })
end))
flush("false", (function() local a <close> = false local b <close> = nil return a, b end)())
-- In coroutines, with error objects, with nested functions and with goto.
flush("coroutine.close", coroutine.close((function()
  local co = coroutine.create(function() local a <close> = closing "a" local b <close> = closing("b", function() error("b fails", 0) end) coroutine.yield() end)
  coroutine.resume(co)
  return co
end)()))
flush("error object", select(2, pcall(function() local a <close> = closing("a", function(e) error(e) end) error(12) end)))
flush("captured", (function()
  local get
  do
    local a <close> = closing "a"
    get = function() return a end
  end
  return type(get())
end)())
flush("iterator", (function()
  for k in next, { 1, 2 }, nil, closing "iterator" do if k == 1 then return "left early" end end
end)())
flush("iterator fails", pcall(function() for k in function() error("in iterator", 0) end, nil, nil, closing "iterator" do end end))
flush("deep", (function(n)
  local function nest(i) local a <close> = closing(i) if i < n then return nest(i + 1), i end return "deepest" end
  return nest(1)
end)(4))
flush("varargs", (function(...) local a <close> = closing "a" return ... end)(1, nil, 3, nil))
flush("callable", pcall(function()
  local a <close> = setmetatable({}, { __close = setmetatable({}, { __call = function(_, _, e) log[#log + 1] = "called " .. tostring(e) end }) })
end))
