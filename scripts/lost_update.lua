-- Every worker adds 1 to the same counter, N times. How much is in it at the end?
--
-- `counter = counter + 1` is three steps: load the counter, add 1, store it again. Two threads that both load
-- before either stores add 1 twice and leave only one of them: an update is lost.
local N = tonumber(arg[1]) or 3000000

return experiment {
  name    = "lost_update",
  setup   = function() counter = 0 end,
  worker  = function(i, n) for _ = 1, N do counter = counter + 1 end end,
  observe = function() return counter end,
  expect  = function(n) return n * N end,
}
