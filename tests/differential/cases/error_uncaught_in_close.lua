-- Variables are closed before an uncaught error is reported. The interpreter's handler may have added a traceback
-- to the message by then; only the first line is compared.
local held <close> = setmetatable({}, { __close = function(_, e) print("closing", (e:match("^[^\n]*"))) end })
error("while open", 0)
