-- Prints an experiment of two threads, which the seed in arg[1] determines: a few statements each on what they share.
math.randomseed(tonumber(arg[1]))

local function pick(list) return list[math.random(#list)] end
local function name() return pick{"x", "y"} end
local function key() return pick{"a", "b"} end

local statements = {
  function() return ("%s = %s + 1"):format(name(), name()) end,
  function() return ("%s = i"):format(name()) end,
  function() return ("t.%s = %s"):format(key(), name()) end,
  function() return ("%s = t[%q] or 0"):format(name(), key()) end,
  function() return "t[#t + 1] = i" end,
  function() return "table.insert(t, i)" end,
  function() return ("%s = #t"):format(name()) end,
  function() return ("%s = table.remove(t) or 9"):format(name()) end,
  function() return ("%s = rawlen(t)"):format(name()) end,
  function() return "up = up + 1" end,
  function() return "local add = function() up = up + i end add()" end,
  function() return ("if %s == 1 then %s = 2 end"):format(name(), name()) end,
  function() return ("for k, v in pairs(t) do %s = %s + v end"):format(name(), name()) end,
  function() return ("setmetatable(m, {__index = t, __newindex = t}) %s = m.%s or 7"):format(name(), key()) end,
  function() return ("m.%s = i"):format(key()) end,
  function() return ("%s = m.%s or 5"):format(name(), key()) end,
  function() return ("pcall(function() t.%s.z = 1 end) %s = i"):format(key(), name()) end,
  function() return ("lock:acquire() %s = %s + 1 lock:release()"):format(name(), name()) end,
  function() return ("pcall(function() local held <close> = lock:hold() %s = %s + 1 error() end)"):format(name(), name()) end,
  function() return ("if lock:acquire(false) then %s = i lock:release() end"):format(name()) end,
  function() return ("coroutine.wrap(function() %s = i coroutine.yield() end)()"):format(name()) end,
  function() return ("%s = select('#', table.unpack(t))"):format(name()) end,
  function() return "s = s .. i" end,
  function() return "s = (s + #s) .. ''" end,
}

local function body()
  local lines = {}
  for _ = 1, math.random(1, 2) do lines[#lines + 1] = "      " .. pick(statements)() end
  return table.concat(lines, "\n")
end

print(([[
local threading = require "threading"
local up, s = 0, "1"
return experiment {
  setup = function()
    x, y, t, m, lock = 0, 0, {1}, {}, threading.Lock()
    up, s = 0, "1"
  end,
  worker = function(i)
    if i == 1 then
%s
    else
%s
    end
  end,
  observe = function()
    return table.concat({x, y, #t, tostring(t.a), tostring(t.b), tostring(t[1]), tostring(t[2]), tostring(m.a),
      tostring(m.b), up, s}, " ")
  end,
}]]):format(body(), body()))
