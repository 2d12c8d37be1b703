-- What the debug library shows of a finalizer, and which metatables make an object one that has one.
local function garbage(method) setmetatable({}, { __gc = method }) end
garbage(function()
  local info = debug.getinfo(1, "nS")
  print(info.namewhat, info.name, info.what)
  print((debug.traceback("in a finalizer"):match "^[^\n]*\n[^\n]*\n[^\n]*"))
end)
collectgarbage()
-- debug.setmetatable marks tables and userdata for finalization, as setmetatable does.
debug.setmetatable({}, { __gc = function() print "by debug.setmetatable" end })
collectgarbage()
local file = io.tmpfile()
file:close()
local metatable = { __gc = function(object) print("a file", object ~= nil) end, __name = "other" }
debug.setmetatable(file, metatable)
file = nil
collectgarbage()
-- A field __gc that is set later does not count, one with any value does.
local late = setmetatable({}, { __index = {} })
getmetatable(late).__gc = function() print "never" end
late = nil
collectgarbage()
local early = setmetatable({}, { __gc = true })
getmetatable(early).__gc = function() print "set in time" end
early = nil
collectgarbage()
-- No hook is told of what a finalizer does.
local lines = {}
garbage(function()
  local x = 1
  x = x + 1
end)
debug.sethook(function(_, line) lines[#lines + 1] = line end, "l")
collectgarbage()
debug.sethook()
local first = lines[1]
for index, line in ipairs(lines) do lines[index] = line - first end
print(table.concat(lines, " "))
-- Nor is a hook that a finalizer sets lost.
garbage(function() debug.sethook(function() end, "", 100) end)
collectgarbage()
print(select(2, debug.gethook()), select(3, debug.gethook()))
debug.sethook()
-- An error in one warns, and harms nothing else.
warn "@on"
garbage(function() error "in the finalizer" end)
print(pcall(collectgarbage))
