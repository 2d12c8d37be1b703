-- A lock-free stack (Treiber, 1986) and its ABA problem. Two nodes, 1 above 2. Thread 1 pops one; thread 2 pops two and
-- pushes the first of them again. The outcome is 10 times the number of places where node 1 is at the end (in the
-- stack, or with a thread), plus the same of node 2: each is to be in one.
--
-- Compare-and-swap is one atomic step on a real machine. Lua has none, so a threading.Lock is around it: `top` is stored
-- nowhere else, and a thread that only loads it sees it before the store or after it.
--
--   no word    the top is a node: thread 1 sees node 1 there, loads what is below it, and finds node 1 there again,
--              when node 2 has long been taken away
--   tagged     beside the node there is a number, another one after each store
--
-- Who loses a compare-and-swap tries again. That cannot go on for ever: each time another thread has got ahead.
local threading = require "threading"
local step = arg[1] == "tagged" and 4 or 0  -- a top is 4 times its number plus its node

return experiment {
  name = "aba_stack",
  setup = function() top, below, held, one_step = 1, {2, 0}, {0, 0}, threading.Lock() end,
  worker = function(i)
    local function compare_and_swap(old, node)
      one_step:acquire()
      local same = top == old
      if same then top = old // 4 * 4 + step + node end
      one_step:release()
      return same
    end
    local function pop()
      while true do
        local old = top
        local node = old % 4
        if node == 0 then return 0 end
        if compare_and_swap(old, below[node]) then return node end
      end
    end
    local function push(node)
      repeat
        local old = top
        below[node] = old % 4
      until compare_and_swap(old, node)
    end

    if i == 1 then
      held[1] = pop()
    else
      local first = pop()
      held[2] = pop()
      if first ~= 0 then push(first) end
    end
  end,
  observe = function()
    local places = {0, 0}
    local function count(node)
      if node ~= 0 then places[node] = places[node] + 1 end
    end
    count(held[1])
    count(held[2])
    local node = top % 4
    for _ = 1, 2 do
      count(node)
      node = below[node] or 0
    end
    return 10 * places[1] + places[2]
  end,
  expect = function() return 11 end,
}
