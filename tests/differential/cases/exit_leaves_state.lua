-- os.exit(code) does not.
object = setmetatable({}, { __gc = function() print "finalized" end })
local variable <close> = setmetatable({}, { __close = function() print "closed" end })
io.stdout:write "leaving\n"
os.exit(4)
