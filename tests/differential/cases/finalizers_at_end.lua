-- At the end every finalizer is called that has not been, the last marked object first; errors stay warnings.
warn("@on")
local closing = {
  __gc = function(object)
    print("end", object.name, collectgarbage("count"), collectgarbage())
    -- Too late to be finalized.
    setmetatable({ name = "new" }, getmetatable(object))
  end,
}
kept = setmetatable({ name = "global" }, closing)
local also_kept = setmetatable({ name = "local" }, closing)
failing = setmetatable({}, { __gc = function() error("at the end", 0) end })
unreachable = setmetatable({ name = "unreachable" }, closing)
unreachable = nil
