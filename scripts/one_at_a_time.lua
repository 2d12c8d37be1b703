-- Every worker computes for itself and shares nothing. Do N threads finish sooner than one after the other?
--
-- Under the GIL they do not: one thread at a time runs, whatever the number of cores. `--stats` shows how long each
-- thread held the lock and how long it waited for it.
local N = tonumber(arg[1]) or 20000000

return experiment {
  name  = "one_at_a_time",
  setup = function()
    -- Room for every worker, so that no thread makes the table grow while others store into it.
    finished = {}
    for i = 1, 1000 do finished[i] = false end
  end,
  worker = function(i, n)
    local sum = 0
    for k = 1, N do sum = (sum + k) % 9973 end
    finished[i] = true
  end,
  observe = function()
    local count = 0
    for _, done in ipairs(finished) do
      if done then count = count + 1 end
    end
    return count
  end,
  expect = function(n) return n end,
}
