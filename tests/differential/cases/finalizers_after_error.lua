-- An error that nobody catches does not keep the finalizers from running.
object = setmetatable({}, { __gc = function() print "finalized" end })
error "uncaught"
