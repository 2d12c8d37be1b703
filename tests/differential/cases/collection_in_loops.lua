-- A loop may wait for a finalizer: what a statement before it has done with is collected while it runs.
local function garbage(done) setmetatable({}, { __gc = function() done[1] = true end }) end

local done = false
setmetatable({}, { __gc = function() done = true end })
repeat local a = {} until done
print "repeat"
done = false
setmetatable({}, { __gc = function() done = true end })
while not done do local a = {} end
print "while"
done = false
setmetatable({}, { __gc = function() done = true end })
for i = 1, math.huge do local a = {} if done then break end end
print "numeric for"
done = false
setmetatable({}, { __gc = function() done = true end })
for i in function() return 1 end do local a = {} if done then break end end
print "generic for"
done = false
setmetatable({}, { __gc = function() done = true end })
::again::
do local a = {} end
if not done then goto again end
print "goto"
done = false
setmetatable({}, { __gc = function() done = true end })
repeat local a = string.rep("x", 100) until done
print "with calls"

-- What is still in use stays: locals in scope, the state of loops, varargs, the arguments of calls.
local function check(...)
  local first = { "first" }
  local captured = { "captured" }
  local function get() return captured[1] end
  for key, value in pairs { one = { "one" } } do
    for i = 1, 3 do
      local inside = { "inside" .. i }
      local turns = 0
      while turns < 3 do
        for _ = 1, 20 do local waste = { {} } end
        collectgarbage()
        turns = turns + 1
        if turns == 2 then goto continue end
        print(inside[1], key, value[1], get(), first[1], (...)[1], select(2, ...)[1])
        ::continue::
      end
    end
  end
  return ({ "result" })[1]
end
print(check({ "vararg one" }, { "vararg two" }))
local function deep(n) for _ = 1, 200 do local waste = { { n } } end if n == 0 then return { 0 } end return { deep(n - 1), { n } } end
local tree, levels = deep(300), 0
while tree do tree, levels = tree[2] and tree[1], levels + 1 end
print(levels)
for first in string.gmatch(("text "):rep(3), "%a+") do for _ = 1, 5000 do local waste = { first } end print(first) end
