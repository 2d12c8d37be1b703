-- Every worker appends N items to the same list. How many of them are in it at the end?
--
--   gilvm compare scripts/broken_list.lua insert [N]   with table.insert, a function of the library: a single step
--   gilvm compare scripts/broken_list.lua index [N]    with list[#list + 1] = k, which is several instructions
--
-- To append is to read the length, and to store behind the end. Two threads that read the same length store in the same
-- place, and one item is lost.
local way = arg[1] or "insert"
local N = tonumber(arg[2]) or 1000000

local ways = {
  insert = function() for k = 1, N do table.insert(list, k) end end,
  index  = function() for k = 1, N do list[#list + 1] = k end end,
}

return experiment {
  name    = "broken_list " .. way,
  setup   = function() list = {} end,
  worker  = ways[way] or error("insert or index, not " .. way, 0),
  observe = function()
    local count = 0
    for _ in pairs(list) do count = count + 1 end
    return count
  end,
  expect  = function(n) return n * N end,
}
