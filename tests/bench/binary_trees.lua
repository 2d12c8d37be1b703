-- Many small tables that die soon: allocation and collection (Computer Language Benchmarks Game).
local size = tonumber((...)) or 15

local function make_tree(depth)
  if depth == 0 then return {} end
  return { left = make_tree(depth - 1), right = make_tree(depth - 1) }
end

local function count_nodes(tree)
  if not tree.left then return 1 end
  return 1 + count_nodes(tree.left) + count_nodes(tree.right)
end

-- One tree lives to the end, so that the collector has something to mark besides garbage.
local long_lived = make_tree(size)
local checksum = 0
local iterations = 2 ^ size
for depth = 4, size, 2 do
  local count = 0
  for _ = 1, iterations do count = count + count_nodes(make_tree(depth)) end
  iterations = iterations / 4
  checksum = checksum * 3 + count
end
print(string.format("%d %d", checksum, count_nodes(long_lived)))
