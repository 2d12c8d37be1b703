-- Values that find no room on the other side of a resume.
-- The result of an operation, with so many values below it on the stack.
local function below(count, operation)
  return (function(...)
    local first, second = operation()
    return first, second
  end)(table.unpack({}, 1, count))
end

local co = coroutine.create(function() return table.unpack({}, 1, 600000) end)
print(below(450000, function() return coroutine.resume(co) end))
print(coroutine.status(co))
print(coroutine.resume(co))

local yields = coroutine.create(function() coroutine.yield(table.unpack({}, 1, 600000)) return "end" end)
print(below(450000, function() return coroutine.resume(yields) end))
print(coroutine.status(yields))
print(coroutine.resume(yields))

local wrapped = coroutine.wrap(function() return table.unpack({}, 1, 600000) end)
print(pcall(below, 450000, function() return wrapped() end))
print(pcall(wrapped))

local waits = coroutine.create(function(...) return "got", select("#", coroutine.yield()) end)
print(coroutine.resume(waits, table.unpack({}, 1, 450000)))
print(coroutine.resume(waits, table.unpack({}, 1, 600000)))
print(coroutine.status(waits))
print(coroutine.resume(waits, 1, 2, 3))
