-- Errors that end a coroutine, and how they come to the one that resumed it.
local function show(...) print(select("#", ...), ...) end

-- Positions: as raised, and what wrap puts in front.
show(coroutine.resume(coroutine.create(function() error("message") end)))
show(coroutine.resume(coroutine.create(function() error("message", 0) end)))
show(coroutine.resume(coroutine.create(function() error("message", 2) end)))
show(coroutine.resume(coroutine.create(function() local x = nil; return x.field end)))
show(coroutine.resume(coroutine.create(function() error() end)))
show(coroutine.resume(coroutine.create(function() error(nil) end)))
show(coroutine.resume(coroutine.create(function() error(12) end)))
local object = {}
print(select(2, coroutine.resume(coroutine.create(function() error(object) end))) == object)

show(pcall(coroutine.wrap(function() error("message") end)))
show(pcall(function() coroutine.wrap(function() error("message") end)() end))
show(pcall(function() coroutine.wrap(function() error("message", 0) end)() end))
show(pcall(function() return coroutine.wrap(function() error("message") end)() end))
show(pcall(function() coroutine.wrap(function() error(12) end)() end))
show(pcall(function() coroutine.wrap(function() error(nil) end)() end))
print(select(2, pcall(function() coroutine.wrap(function() error(object) end)() end)) == object)
show(pcall(function()
  coroutine.wrap(function()
    coroutine.wrap(function()
      error("three deep")
    end)()
  end)()
end))
show(pcall(function() for x in coroutine.wrap(function() coroutine.yield(1) error("in an iterator") end) do print(x) end end))
show(pcall(function() return setmetatable({}, {__index = coroutine.wrap(function() error("in __index") end)}).x end))
show(pcall(string.gsub, "abc", "%w", coroutine.wrap(function(c) coroutine.yield() error("in gsub " .. c) end)))

-- Dead ones.
local co = coroutine.create(function() error("once") end)
show(coroutine.resume(co)) show(coroutine.resume(co)) print(coroutine.status(co))
local f = coroutine.wrap(function() return 1 end)
show(f()) show(pcall(f)) show(pcall(function() f() end)) show(pcall(function() return f() end))
f = coroutine.wrap(function() error("once") end)
show(pcall(f)) show(pcall(f))

-- pcall and xpcall inside catch what is raised inside, also after a yield.
co = coroutine.wrap(function()
  local results = table.pack(pcall(function(a)
    local b = coroutine.yield(a)
    error({b})
  end, 1))
  coroutine.yield(results[1], results[2][1])
  results = table.pack(xpcall(function(...)
    coroutine.yield(...)
    error("handled")
  end, function(message) return "<" .. message .. ">" end, 2, 3))
  return results[1], results[2]
end)
show(co()) show(co("b")) show(co()) show(co())

-- A message handler outside sees what wrap raises, once, and not what resume returns.
show(xpcall(function()
  coroutine.resume(coroutine.create(function() error("inside") end))
  coroutine.wrap(function() error("through") end)()
end, function(message) print("handler", message) return "handled" end))
-- It runs in the coroutine that has it.
show(xpcall(coroutine.wrap(function() error("x") end), function(m) return m, coroutine.isyieldable(), select(2, coroutine.running()) end))
co = coroutine.wrap(function()
  return xpcall(error, function(m) return m .. tostring(coroutine.isyieldable()) .. tostring(select(2, coroutine.running())) end, "in ")
end)
show(co())
show(coroutine.resume(coroutine.create(function()
  return xpcall(error, function(m) coroutine.yield(m) end, "x")
end)))

-- An error passes through several coroutines, and each may catch it.
local function chain(n)
  if n == 0 then error("from the bottom", 0) end
  local ok, message = coroutine.resume(coroutine.create(chain), n - 1)
  if n % 3 == 0 then return error(message .. " " .. n, 0) end
  if not ok then error(message, 0) end
  return "fine"
end
show(pcall(chain, 10))

-- After an error the rest goes on.
local count = 0
for i = 1, 100 do
  local ok = coroutine.resume(coroutine.create(function() if i % 2 == 0 then error("even") end end))
  if not ok then count = count + 1 end
end
print(count)
