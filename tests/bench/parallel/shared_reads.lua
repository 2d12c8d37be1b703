-- All workers read the same tables and call the same functions, and write nothing shared: reads need no lock.
-- The work of a worker does not depend on how many there are.
local rounds = tonumber(arg and arg[1]) or 20000

return experiment {
  name = "shared_reads",
  setup = function()
    shared_values = {}
    for k = 1, 1000 do shared_values[k] = { weight = k, next = k % 1000 + 1 } end
    function shared_weight(entry) return entry.weight end
  end,
  -- The worker checks itself, since a process's results are not to be seen from here.
  worker = function(i, n)
    local total, position = 0, 1
    for _ = 1, rounds do
      for _ = 1, 1000 do
        local entry = shared_values[position]
        total = total + shared_weight(entry)
        position = entry.next
      end
    end
    -- A round visits every entry once: 1 + 2 + ... + 1000.
    local right = rounds * 500500
    if total ~= right then error("worker " .. i .. " computed " .. total .. " instead of " .. right) end
  end,
  observe = function() return "checked by each worker" end,
  expect = function(n) return "checked by each worker" end,
}
