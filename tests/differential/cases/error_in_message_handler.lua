-- An error in a message handler calls the handler again, with that error, on top of itself (luaG_errormsg).
local calls = 0
print(xpcall(error, function(message)
  calls = calls + 1
  if calls < 5 then error("handler " .. calls .. " of " .. tostring(message), 0) end
  return message
end, "start"))
print(calls)
-- Without an end the room for it runs out.
calls = 0
print(xpcall(error, function(message) calls = calls + 1 error(message) end, "endless"))
print(calls > 5)
print(xpcall(error, function(message) local t = nil; return t.x end, "endless"))
print(xpcall(error, function() error() end))
print(xpcall(error, error, "x"))
print(xpcall(error, error))
print(pcall(xpcall, error, nil, "x"), pcall(xpcall, error, 12), pcall(xpcall, error))
print(pcall(xpcall, error, setmetatable({}, { __call = function(_, message) return "called with " .. message end }), "x"))
-- What is handled once is handled: the outer handler sees no error of the inner one's.
local seen = {}
print(xpcall(function()
  return xpcall(error, function(message) seen[#seen + 1] = "inner " .. message return "inner result" end, "first")
end, function(message) seen[#seen + 1] = "outer" return message end))
print(table.concat(seen, ", "))
print(xpcall(function()
  print(pcall(error, "caught inside"))
  error("outside", 0)
end, function(message) return "handled " .. message end))
-- A handler may protect calls of its own, and yield nothing.
print(xpcall(error, function(message)
  print(pcall(error, "within the handler"))
  print(xpcall(error, function(m) return "nested " .. m end, "within"))
  return message
end, "original"))
print(coroutine.wrap(function()
  return xpcall(error, function(message) return (select(2, pcall(coroutine.yield, 1))) end, "x")
end)())
-- The handler sees the stack of the error.
local depth
local function fail() local here = "local of fail"; error "deep" end
print(xpcall(fail, function()
  for level = 1, 5 do
    local info = debug.getinfo(level, "nS")
    print(level, info.what, info.name)
  end
  return select(2, debug.getlocal(3, 1))
end))
