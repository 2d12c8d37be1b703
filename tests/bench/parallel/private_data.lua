-- Each worker computes on its own locals and tables: what two threads cost each other when they share nothing
-- but the VM. The work of a worker does not depend on how many there are.
local rounds = tonumber(arg and arg[1]) or 20000

local function work()
  local total = 0
  for _ = 1, rounds do
    local squares = {}
    for k = 1, 1000 do squares[k] = k * k end
    local record = { sum = 0, evens = 0 }
    for k = 1, #squares do
      local value = squares[k]
      record.sum = record.sum + value
      if value % 2 == 0 then record.evens = record.evens + 1 end
    end
    total = total + record.sum + record.evens
  end
  return total
end

return experiment {
  name = "private_data",
  setup = function() end,
  -- The worker checks itself, since a process's results are not to be seen from here.
  worker = function(i, n)
    local total = work()
    -- The sum of k*k for k = 1..1000 is 333833500; half of the thousand squares are even.
    local right = rounds * (333833500 + 500)
    if total ~= right then error("worker " .. i .. " computed " .. total .. " instead of " .. right) end
  end,
  observe = function() return "checked by each worker" end,
  expect = function(n) return "checked by each worker" end,
}
