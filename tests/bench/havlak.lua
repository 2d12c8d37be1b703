-- Finding the nest of loops in a control-flow graph: object graphs, lists, sets of objects (Havlak).
--
-- After Havlak, "Nesting of Reducible and Irreducible Loops" (ACM TOPLAS, 1997), on the graph with which Hundt compared
-- languages in "Loop Recognition in C++/Java/Go/Scala" (2011).
local size = tonumber((...)) or 16

local LOOP_NESTS, LOOPS_IN_NEST, BASE_LOOPS = 10, 10, 5

-- The graph. Blocks have numbers from 0, in the order in which they were made.
local Block = {}
Block.__index = Block

function Block.new(number) return setmetatable({ number = number, predecessors = {}, successors = {} }, Block) end

local Graph = {}
Graph.__index = Graph

function Graph.new() return setmetatable({ blocks = {}, count = 0, start = nil }, Graph) end

function Graph:block(number)
  local block = self.blocks[number]
  if not block then
    block = Block.new(number)
    self.blocks[number] = block
    self.count = self.count + 1
    self.start = self.start or block
  end
  return block
end

function Graph:connect(from, to)
  local source, target = self:block(from), self:block(to)
  table.insert(source.successors, target)
  table.insert(target.predecessors, source)
end

-- Each of these builds on from a block and returns the number of the last block.
function Graph:diamond(start)
  self:connect(start, start + 1)
  self:connect(start, start + 2)
  self:connect(start + 1, start + 3)
  self:connect(start + 2, start + 3)
  return start + 3
end

function Graph:straight(start, length)
  for number = start, start + length - 1 do self:connect(number, number + 1) end
  return start + length
end

-- A loop with two others in it.
function Graph:base_loop(from)
  local header = self:straight(from, 1)
  local first_end = self:diamond(header)
  local second = self:straight(first_end, 1)
  local second_end = self:diamond(second)
  local footer = self:straight(second_end, 1)
  self:connect(second_end, second)
  self:connect(first_end, header)
  self:connect(footer, from)
  return self:straight(footer, 1)
end

local function example_graph()
  local graph = Graph.new()
  graph:block(0)
  graph:base_loop(0)
  graph:block(1)
  graph:connect(0, 2) -- a second way into a loop, which makes it irreducible
  local number = 2
  for _ = 1, LOOP_NESTS do
    graph:block(number + 1)
    graph:connect(2, number + 1)
    number = number + 1
    for _ = 1, LOOPS_IN_NEST do
      local top = number
      number = graph:straight(number, 1)
      for _ = 1, BASE_LOOPS do number = graph:base_loop(number) end
      local bottom = graph:straight(number, 1)
      graph:connect(number, top)
      number = bottom
    end
    graph:connect(number, 1)
  end
  return graph
end

-- A loop, and the structure of all of them: a tree with a root that stands for the whole graph.
local Loop = {}
Loop.__index = Loop

function Loop:add_block(block) self.blocks[#self.blocks + 1] = block end

function Loop:set_parent(parent)
  self.parent = parent
  parent.children[#parent.children + 1] = self
end

-- Sets the nesting levels, and returns the greatest.
function Loop:nest(level)
  self.level = level
  local deepest = level
  for _, child in ipairs(self.children) do deepest = math.max(deepest, child:nest(level + 1)) end
  return deepest
end

local LoopStructure = {}
LoopStructure.__index = LoopStructure

function LoopStructure.new()
  local self = setmetatable({ loops = {} }, LoopStructure)
  self.root = self:new_loop(nil, true)
  return self
end

function LoopStructure:new_loop(header, is_reducible)
  local loop = setmetatable({ header = header, is_reducible = is_reducible, blocks = {}, children = {} }, Loop)
  if header then loop:add_block(header) end
  self.loops[#self.loops + 1] = loop
  return loop
end

function LoopStructure:nest()
  for _, loop in ipairs(self.loops) do
    if loop ~= self.root and not loop.parent then loop:set_parent(self.root) end
  end
  return self.root:nest(0)
end

-- A node of the union-find forest: a block as the search numbered it, or, as the representative of its set, all blocks
-- of a loop that was found.
local Node = {}
Node.__index = Node

function Node.new(block, number)
  local self = setmetatable({ block = block, number = number, back = {}, other = {}, has_self = false }, Node)
  self.parent = self
  return self
end

function Node:representative()
  local root = self
  while root.parent ~= root do root = root.parent end
  local node = self
  while node.parent ~= root do node, node.parent = node.parent, root end
  return root
end

local Finder = {}
Finder.__index = Finder

function Finder.new(graph, structure)
  return setmetatable({ graph = graph, structure = structure, nodes = {}, last = {}, node_of = {} }, Finder)
end

-- Numbers the blocks in depth-first order, from 1. last[n]: the greatest number among the descendants of n.
function Finder:search()
  local nodes, last, node_of = self.nodes, self.last, self.node_of
  local path, positions, depth = {}, {}, 0
  local function enter(block)
    local node = Node.new(block, #nodes + 1)
    nodes[node.number] = node
    node_of[block] = node
    depth = depth + 1
    path[depth], positions[depth] = node, 0
  end
  enter(self.graph.start)
  while depth > 0 do
    local node = path[depth]
    local position = positions[depth] + 1
    positions[depth] = position
    local successor = node.block.successors[position]
    if not successor then
      last[node.number] = #nodes
      depth = depth - 1
    elseif not node_of[successor] then
      enter(successor)
    end
  end
end

function Finder:is_ancestor(one, other) return one <= other and other <= self.last[one] end

-- Sorts each block's predecessors into those that it dominates in the search's tree, and others.
function Finder:sort_edges()
  for number, node in ipairs(self.nodes) do
    for _, predecessor in ipairs(node.block.predecessors) do
      local source = self.node_of[predecessor]
      if source then
        local list = self:is_ancestor(number, source.number) and node.back or node.other
        list[#list + 1] = source.number
      end
    end
  end
end

-- The representatives of the body of the loop with this header, without the header itself; and whether no edge enters
-- the loop elsewhere.
function Finder:body(header)
  local body, in_body, is_reducible = {}, {}, true
  local function add(node)
    if in_body[node] then return end
    in_body[node] = true
    body[#body + 1] = node
  end
  for _, number in ipairs(header.back) do
    if number == header.number then
      header.has_self = true
    else
      add(self.nodes[number]:representative())
    end
  end
  -- The body grows while it is gone through.
  local position = 1
  while body[position] do
    for _, number in ipairs(body[position].other) do
      local node = self.nodes[number]:representative()
      if not self:is_ancestor(header.number, node.number) then
        is_reducible = false
        header.other[#header.other + 1] = node.number
      elseif node ~= header then
        add(node)
      end
    end
    position = position + 1
  end
  return body, is_reducible
end

function Finder:find_loops()
  self:search()
  self:sort_edges()
  -- Inner loops come first: their headers have the greater numbers.
  for number = #self.nodes, 1, -1 do
    local header = self.nodes[number]
    local body, is_reducible = self:body(header)
    if #body > 0 or header.has_self then
      local loop = self.structure:new_loop(header.block, is_reducible)
      header.loop = loop
      for _, node in ipairs(body) do
        node.parent = header
        if node.loop then
          node.loop:set_parent(loop)
        else
          loop:add_block(node.block)
        end
      end
    end
  end
end

local checksum, loops, irreducible, deepest = 0, 0, 0, 0
for _ = 1, size do
  local graph = example_graph()
  local structure = LoopStructure.new()
  Finder.new(graph, structure):find_loops()
  deepest = structure:nest()
  loops, irreducible = #structure.loops - 1, 0
  for _, loop in ipairs(structure.loops) do
    if not loop.is_reducible then irreducible = irreducible + 1 end
    checksum = (checksum * 31 + loop.level * 7 + #loop.blocks) % 1000003
  end
  -- The published count is 1605, with the root and with three loops that had been found in a part of the graph.
  if graph.count ~= 5213 or #structure.loops ~= 1602 then
    error(("%d loops in %d blocks"):format(#structure.loops, graph.count))
  end
end
print(("%d %d %d %d"):format(loops, irreducible, deepest, checksum))
