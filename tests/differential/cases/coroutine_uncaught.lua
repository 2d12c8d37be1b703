-- An error that passes through two functions of wrap to the program's end; the one in between closes.
local inner = coroutine.wrap(function() coroutine.yield() error("broken") end)
inner()
local outer = coroutine.wrap(function()
  local x <close> = setmetatable({}, {__close = function(_, e) print("closing", e) end})
  inner()
end)
outer()
