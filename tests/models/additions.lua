-- Two threads add 1 to a counter, N times each (arg[1], else once). An addition is two steps: a load and a store.
local N = tonumber(arg[1]) or 1

return experiment {
  name = "additions",
  setup = function() counter = 0 end,
  worker = function() for _ = 1, N do counter = counter + 1 end end,
  observe = function() return counter end,
  expect = function(n) return n * N end,
}
