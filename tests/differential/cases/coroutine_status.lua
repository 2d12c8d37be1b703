-- status, running and isyieldable, asked from everywhere; who may be resumed.
local main, is_main = coroutine.running()
print(type(main), is_main, coroutine.status(main), coroutine.isyieldable(), coroutine.isyieldable(main))
print(coroutine.resume(main))

local outer, inner
outer = coroutine.create(function()
  local self, main_too = coroutine.running()
  print(self == outer, main_too, coroutine.status(main), coroutine.status(outer), coroutine.isyieldable())
  inner = coroutine.create(function()
    print(coroutine.status(main), coroutine.status(outer), coroutine.status(inner))
    print(coroutine.resume(outer))
    print(coroutine.resume(inner))
    print(coroutine.resume(main))
    print(pcall(coroutine.close, outer))
    print(pcall(coroutine.close, inner))
    print(pcall(coroutine.close, main))
    print(coroutine.isyieldable(outer), coroutine.isyieldable(inner), coroutine.isyieldable(main))
    coroutine.yield()
  end)
  coroutine.resume(inner)
  print(coroutine.status(inner), coroutine.status(outer))
  coroutine.yield()
  print(coroutine.status(outer))
end)
print(coroutine.status(outer), coroutine.isyieldable(outer))
coroutine.resume(outer)
print(coroutine.status(outer), coroutine.status(inner))
-- What another one has made and begun may be resumed by anyone.
print(coroutine.resume(inner)) print(coroutine.resume(inner))
print(coroutine.resume(outer)) print(coroutine.resume(outer))
print(coroutine.status(outer), coroutine.status(inner), coroutine.isyieldable(outer))

-- A coroutine that resumes itself through a function of wrap.
local again
again = coroutine.wrap(function() return pcall(again) end)
print(again())
print(pcall(again))

-- Yielding where it is not possible.
print(pcall(coroutine.yield))
print(pcall(function() coroutine.yield(1) end))
print(select(2, pcall(string.gsub, "a", "a", coroutine.yield)))

-- Arguments that are none.
for _, name in ipairs{"resume", "status", "close", "wrap", "create", "isyieldable"} do
  print(name, pcall(coroutine[name], nil))
  print(name, pcall(coroutine[name], {}))
  if name ~= "isyieldable" then print(name, pcall(coroutine[name])) end
end
print(pcall(function() coroutine.resume(1) end))
print(pcall(function() local co = {} coroutine.resume(co) end))
print(pcall(function() return coroutine.create("x") end))
local callable = setmetatable({}, {__call = function() return 1 end})
print(pcall(coroutine.create, callable))
