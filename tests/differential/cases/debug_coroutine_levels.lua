-- The levels of a coroutine that another one looks at: what it waits in is level 0, with its arguments gone.
local function show(coroutine_, label)
  print(label, coroutine.status(coroutine_))
  print(debug.traceback(coroutine_, nil, 0))
  for level = 0, 3 do
    local info = debug.getinfo(coroutine_, level, "nSl")
    if not info then break end
    print(level, info.what, info.namewhat, info.name, info.currentline)
    for index = 1, 4 do
      local name, value = debug.getlocal(coroutine_, level, index)
      if name and name:sub(1, 1) ~= '(' then print("", index, name, type(value)) end
    end
  end
end

local function inner(argument)
  local before = argument .. "!"
  local got = coroutine.yield(before, 2, 3)
  return got, before
end
local co = coroutine.create(function(...)
  local first = ...
  return (inner(first))
end)
show(co, "not begun")
coroutine.resume(co, "text")
show(co, "suspended")
print(debug.setlocal(co, 1, 2, "changed"), debug.getlocal(co, 1, 2))
print(coroutine.resume(co, "end"))
show(co, "ended")

-- The function that raised the error stays a level.
local failed = coroutine.create(function(text)
  local kept = text
  error("message " .. kept, 1)
end)
print(coroutine.resume(failed, "of error"))
show(failed, "failed in error")
local failed_by_library = coroutine.create(function() local n = 1; return ("x"):rep(n, {}) end)
print(coroutine.resume(failed_by_library))
show(failed_by_library, "failed in rep")
local failed_by_instruction = coroutine.create(function() local t; t.x = 1 end)
print(coroutine.resume(failed_by_instruction))
show(failed_by_instruction, "failed in an instruction")

-- One that waits for another: it stands in resume, or in what wrap made.
local outer
outer = coroutine.create(function()
  local middle = coroutine.wrap(function() show(outer, "normal") end)
  middle()
  coroutine.resume(coroutine.create(function() show(outer, "normal") end))
end)
print(coroutine.resume(outer))

-- pcall in between is a level too.
local guarded = coroutine.create(function() pcall(function() coroutine.yield(1) end) end)
coroutine.resume(guarded)
show(guarded, "guarded")
print(pcall(debug.getlocal, guarded, 9, 1))
print(pcall(debug.getlocal, co, 0, 1))
print(debug.getinfo(guarded, -1), debug.getinfo(guarded, 9))
