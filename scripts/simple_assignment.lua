-- Every worker assigns the same object to the same variable, N times. How many references to it are there at the end?
--
-- To read the script: two, `kept` and `shared`. To CPython an assignment is three steps: count one reference more to the
-- new object, store it, count one reference less to the old object. Run it with --refcounts, which counts so.
local sys = require "sys"
local N = tonumber(arg[1]) or 300000

return experiment {
  name    = "simple_assignment",
  setup   = function() kept = {}; shared = kept end,
  worker  = function(i, n) for _ = 1, N do shared = kept end end,
  observe = function() return sys.getrefcount(kept) - 1 end,  -- 1 is for the argument
  expect  = function(n) return 2 end,
}
