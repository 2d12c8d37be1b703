-- Calls and returns of resume, yield and wrap, and of protected calls, told to each coroutine's own hook.
local events = {}
local function tell(label)
  return function(event, line)
    local info = debug.getinfo(2, "nSr")
    events[#events + 1] = table.concat({ label, event, info.what, tostring(info.name),
      event:find "call" and info.ntransfer or "", event == "return" and info.ntransfer or "" }, " ")
  end
end
local function flush(label)
  debug.sethook()
  print(label)
  for _, event in ipairs(events) do print("", event) end
  events = {}
end

local co = coroutine.create(function(a)
  local b, c = coroutine.yield(a, a)
  return b, c
end)
debug.sethook(tell "main", "cr")
coroutine.resume(co, 1)
coroutine.resume(co, 2, 3)
coroutine.resume(co)
flush "the resumer's"

local hooked = coroutine.create(function(a)
  local b, c = coroutine.yield(a, a)
  pcall(error, b)
  return b, c
end)
debug.sethook(hooked, tell "coroutine", "cr")
print(debug.gethook() == nil, select(2, debug.gethook(hooked)))
coroutine.resume(hooked, 1)
coroutine.resume(hooked, 2, 3)
flush "the coroutine's"

local wrapped = coroutine.wrap(function(...) while true do coroutine.yield(...) end end)
debug.sethook(tell "main", "cr")
wrapped(1, 2)
wrapped()
flush "of wrap"
debug.sethook(tell "main", "cr")
pcall(wrapped, 1)
xpcall(error, function(m) return m end, "x")
pcall(error, "x")
select(2, pcall(function(...) return ... end, 1, 2))
table.sort({ 3, 1, 2 }, function(a, b) return a < b end)
flush "of protected calls"

-- A coroutine made under a hook has it as well.
debug.sethook(tell "inherited", "c")
local child = coroutine.create(function() return tostring(1) end)
flush "inherited, before"
coroutine.resume(child)
flush "inherited"

-- Set from within for another one, and taken away there.
local other
other = coroutine.create(function()
  math.abs(1)
  coroutine.yield()
  math.abs(2)
end)
coroutine.resume(other)
debug.sethook(other, tell "other", "cr")
coroutine.resume(other)
flush "set while it waits"
debug.sethook(other)
print(debug.gethook(other))

-- The hook may resume others, and does not see what they do.
local inner = coroutine.wrap(function() while true do coroutine.yield "from a coroutine" end end)
local told = 0
debug.sethook(function(event) told = told + (inner() == "from a coroutine" and 1 or 0) end, "cr")
coroutine.resume(coroutine.create(coroutine.yield), 1)
debug.sethook()
print(told)
-- The hooks' functions stand in the registry, by their coroutines.
local hooks = debug.getregistry()._HOOKKEY
print(type(hooks), getmetatable(hooks).__mode, hooks == getmetatable(hooks), type(hooks[child]), hooks[other])
