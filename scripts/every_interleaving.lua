-- Two workers add 1 to one counter, three times each: few enough steps to try every order of them.
--
-- Run it with `gilvm explore`, which does that. The total should be 6. What is the least that it can be?
local N = tonumber(arg[1]) or 3

return experiment {
  name    = "every_interleaving",
  setup   = function() counter = 0 end,
  worker  = function()
    for _ = 1, N do
      local seen = counter  -- load
      counter = seen + 1    -- add, store
    end
  end,
  observe = function() return counter end,
  expect  = function(n) return n * N end,
}
