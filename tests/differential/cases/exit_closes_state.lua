-- os.exit(code, true) closes variables and calls finalizers.
object = setmetatable({}, { __gc = function() print "finalized" end })
local outer <close> = setmetatable({}, { __close = function() print "outer closed" end })
local function leave()
  local inner <close> = setmetatable({}, { __close = function(_, failure) print("inner closed", failure) end })
  os.exit(3, true)
end
print(pcall(leave))
