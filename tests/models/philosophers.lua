-- Philosophers at a round table, one fork between each two of them (Dijkstra). Who eats needs both.
--
--   no word    each takes the fork with his own number first
--   ordered    each takes the fork with the lower number first
local threading = require "threading"
local ordered = arg[1] == "ordered"

return experiment {
  name = "philosophers",
  setup = function()
    forks = {}
    for i = 1, 3 do forks[i] = threading.Lock() end
  end,
  worker = function(i, n)
    local first, second = i, i % n + 1
    if ordered and first > second then first, second = second, first end
    local one <close> = forks[first]:hold()
    local other <close> = forks[second]:hold()
  end,
  observe = function() return "fed" end,
}
