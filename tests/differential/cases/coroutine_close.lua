-- coroutine.close, variables to be closed, and errors in both.
local function closable(name, raises)
  return setmetatable({}, {__close = function(_, e)
    print("close", name, type(e) == "table" and "a table" or e)
    if raises then error(raises, 0) end
  end})
end

-- Suspended in the middle, before the first resume, finished, failed.
local co = coroutine.create(function()
  local a <close> = closable("a")
  local b <close> = closable("b")
  do local c <close> = closable("c") coroutine.yield("in c") end
  coroutine.yield("in b")
  return "end"
end)
print(coroutine.resume(co)) print(coroutine.resume(co))
print(coroutine.close(co)) print(coroutine.status(co)) print(coroutine.resume(co)) print(coroutine.close(co))
co = coroutine.create(print)
print(coroutine.close(co), coroutine.status(co)) print(coroutine.resume(co))
co = coroutine.create(function() return 1 end)
coroutine.resume(co) print(coroutine.close(co))
co = coroutine.create(function() local a <close> = closable("pending") error("failed", 0) end)
print(coroutine.resume(co)) print(coroutine.status(co))
print(coroutine.close(co)) print(coroutine.close(co)) print(coroutine.status(co))
co = coroutine.create(function() error(nil) end)
print(coroutine.resume(co)) print(coroutine.close(co)) print(coroutine.close(co))

-- Errors in the methods.
co = coroutine.create(function()
  local a <close> = closable("a")
  local b <close> = closable("b", "from b")
  local c <close> = closable("c")
  local d <close> = closable("d", "from d")
  coroutine.yield()
end)
coroutine.resume(co)
print(coroutine.close(co)) print(coroutine.status(co), coroutine.close(co))
co = coroutine.create(function()
  local a <close> = closable("a")
  local b <close> = closable("b", "second")
  error("first", 0)
end)
print(coroutine.resume(co)) print(coroutine.close(co)) print(coroutine.close(co))

-- wrap closes when there was an error.
local f = coroutine.wrap(function() local a <close> = closable("in wrap") error("raised", 0) end)
print(pcall(f)) print(pcall(f))
f = coroutine.wrap(function() local a <close> = closable("in wrap", "replaced") error("raised", 0) end)
print(pcall(function() f() end))
f = coroutine.wrap(function() local a <close> = closable("object") error({}, 0) end)
print(type(select(2, pcall(f))))

-- Who runs while they are closed, and that they cannot yield then.
co = coroutine.create(function()
  local a <close> = setmetatable({}, {__close = function()
    print(coroutine.running() == co, coroutine.status(co), coroutine.isyieldable())
    print(pcall(coroutine.yield))
    print(coroutine.resume(co)) print(pcall(coroutine.close, co))
  end})
  coroutine.yield()
end)
coroutine.resume(co) print(coroutine.close(co))
co = coroutine.create(function()
  local a <close> = setmetatable({}, {__close = function() coroutine.yield() end})
  coroutine.yield()
end)
coroutine.resume(co) print(coroutine.close(co))

-- Otherwise they yield: at the end of a block, by break, return, goto and tail, and when an error passes.
local function yielding(name)
  return setmetatable({}, {__close = function(_, e) print("closing", name, e) print("told", coroutine.yield(name)) end})
end
local function drive(f)
  local co, n = coroutine.create(f), 0
  repeat
    n = n + 1
    print(coroutine.resume(co, n))
  until coroutine.status(co) == "dead"
end
drive(function() do local x <close> = yielding("x") local y <close> = yielding("y") end return "done" end)
drive(function() local x <close> = yielding("x") local y <close> = yielding("y") return 1, 2, 3 end)
drive(function(...) local x <close> = yielding("x") return ... end)
drive(function(...) local x <close> = yielding("x") return table.unpack({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) end)
drive(function() for i = 1, 2 do local x <close> = yielding("loop " .. i) if i == 2 then break end end return "left" end)
drive(function() return pcall(function() local x <close> = yielding("x") local y <close> = yielding("y") error("passing", 0) end) end)
drive(function() return xpcall(function() local x <close> = yielding("x") error("passing", 0) end, function(m) return m .. "!" end) end)
drive(function()
  return pcall(function()
    local x <close> = yielding("x")
    local y <close> = setmetatable({}, {__close = function() coroutine.yield("then") error("replaced", 0) end})
    error("first", 0)
  end)
end)
drive(function()
  local function inner() local x <close> = yielding("inner") return "value" end
  local function outer() local y <close> = yielding("outer") return inner(), inner() end
  return outer()
end)

-- Closed while it waits inside of pcall, of a metamethod, and of another coroutine's generator.
co = coroutine.create(function()
  local a <close> = closable("outside")
  print("never", pcall(function() local b <close> = closable("inside") coroutine.yield(1) end))
end)
print(coroutine.resume(co)) print(coroutine.close(co))
co = coroutine.create(function()
  local a <close> = closable("around")
  return setmetatable({}, {__index = function() local b <close> = closable("in index") coroutine.yield(2) end}).x
end)
print(coroutine.resume(co)) print(coroutine.close(co))
co = coroutine.create(function()
  local x <close> = yielding("suspended while closing")
end)
print(coroutine.resume(co)) print(coroutine.close(co)) print(coroutine.status(co))

-- A method that makes, resumes and closes others.
co = coroutine.create(function()
  local a <close> = setmetatable({}, {__close = function()
    local other = coroutine.create(function() local b <close> = closable("of the other") coroutine.yield() end)
    coroutine.resume(other)
    print("other", coroutine.close(other))
  end})
  coroutine.yield()
end)
coroutine.resume(co) print(coroutine.close(co))
local opened = 0
for i = 1, 200 do
  local c = coroutine.create(function()
    local x <close> = setmetatable({}, {__close = function() opened = opened - 1 end})
    opened = opened + 1
    coroutine.yield()
  end)
  coroutine.resume(c)
  if i % 2 == 0 then coroutine.close(c) else coroutine.resume(c) end
end
print(opened)
