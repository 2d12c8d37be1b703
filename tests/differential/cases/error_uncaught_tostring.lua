-- An uncaught error object with __tostring is reported by it.
error(setmetatable({}, { __tostring = function() return "described error" end }))
