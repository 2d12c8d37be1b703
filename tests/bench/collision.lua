-- Collisions among aircraft: float vectors, a grid of cells in red-black trees, recursion (the CD benchmark).
--
-- After Kalibera, Hagelberg, Pizlo, Plsek, Titzer and Vitek, "CDx: A Family of Real-time Java Benchmarks" (2009), with
-- the flights and the counts of Marr, Daloze and Mössenböck, "Cross-Language Compiler Benchmarking: Are We Fast Yet?"
-- (2016).
local size = tonumber((...)) or 100 -- aircraft

local FRAMES = 200
local LOWEST, HIGHEST, CEILING = 0, 1000, 10 -- of x and y; of z
local RADIUS = 1 -- aircraft that are closer collide
local CELL = 2 * RADIUS

-- The collisions in all frames, by the number of aircraft, as published.
local PUBLISHED = { [2] = 42, [10] = 390, [100] = 4305, [250] = 10830, [500] = 14484, [1000] = 14484 }

local Vector = {}
Vector.__index = Vector

function Vector.new(x, y, z) return setmetatable({ x = x, y = y, z = z }, Vector) end
function Vector.__add(one, other) return Vector.new(one.x + other.x, one.y + other.y, one.z + other.z) end
function Vector.__sub(one, other) return Vector.new(one.x - other.x, one.y - other.y, one.z - other.z) end
function Vector.__mul(vector, factor) return Vector.new(vector.x * factor, vector.y * factor, vector.z * factor) end
function Vector.__eq(one, other) return one.x == other.x and one.y == other.y and one.z == other.z end
-- The order of the trees: first by x, then by y.
function Vector.__lt(one, other)
  if one.x ~= other.x then return one.x < other.x end
  return one.y < other.y
end
function Vector:dot(other) return self.x * other.x + self.y * other.y + self.z * other.z end
function Vector:magnitude() return math.sqrt(self:dot(self)) end

-- A red-black tree from keys to values. Invariants: a red node's children are black (nil is black), and every way from
-- the root down has the same number of black nodes.
local Tree = {}
Tree.__index = Tree

function Tree.new() return setmetatable({ root = nil, count = 0 }, Tree) end

function Tree:find(key)
  local node = self.root
  while node and node.key ~= key do node = key < node.key and node.left or node.right end
  return node
end

function Tree:get(key)
  local node = self:find(key)
  return node and node.value
end

-- Puts `child` where `node` hangs.
function Tree:replace(node, child)
  local parent = node.parent
  if not parent then
    self.root = child
  elseif node == parent.left then
    parent.left = child
  else
    parent.right = child
  end
  child.parent = parent
end

-- Lifts the node's child on one side above it; `other` is the opposite side.
function Tree:rotate(node, side, other)
  local child = node[side]
  self:replace(node, child)
  local inner = child[other]
  node[side] = inner
  if inner then inner.parent = node end
  child[other] = node
  node.parent = child
end

-- Restores the invariants above a red node.
function Tree:balance(node)
  while node ~= self.root and node.parent.is_red do
    local parent = node.parent
    local grandparent = parent.parent
    local side, other = "left", "right"
    if parent ~= grandparent.left then side, other = other, side end
    local uncle = grandparent[other]
    if uncle and uncle.is_red then
      parent.is_red, uncle.is_red, grandparent.is_red = false, false, true
      node = grandparent
    else
      if node == parent[other] then
        self:rotate(parent, other, side)
        parent = node
      end
      parent.is_red, grandparent.is_red = false, true
      self:rotate(grandparent, side, other)
      break
    end
  end
  self.root.is_red = false
end

-- Sets the key's value; returns the one that it had.
function Tree:put(key, value)
  local parent, side = nil, nil
  local node = self.root
  while node do
    if node.key == key then
      local before = node.value
      node.value = value
      return before
    end
    parent = node
    side = key < node.key and "left" or "right"
    node = node[side]
  end
  local added = { key = key, value = value, is_red = true, parent = parent }
  self.count = self.count + 1
  if parent then
    parent[side] = added
  else
    self.root = added
  end
  self:balance(added)
  return nil
end

-- Calls a function with each key and value, in order.
function Tree:each(visit)
  local function walk(node)
    if not node then return end
    walk(node.left)
    visit(node.key, node.value)
    walk(node.right)
  end
  walk(self.root)
end

-- An aircraft's way from one frame to the next.
local Motion = {}
Motion.__index = Motion

function Motion.new(callsign, from, to) return setmetatable({ callsign = callsign, from = from, to = to }, Motion) end

local function is_inside(point)
  return point.x >= LOWEST and point.x <= HIGHEST and point.y >= LOWEST and point.y <= HIGHEST and point.z >= LOWEST
    and point.z <= CEILING
end

-- Where two aircraft come too close while both move; nil where they do not.
function Motion:meeting(other)
  local way, other_way = self.to - self.from, other.to - other.from
  local apart = self.from - other.from
  local relative = way - other_way
  -- Their distance is the radius at the times that solve a * t^2 + b * t + c = 0; the frame has the times 0 to 1.
  local a = relative:dot(relative)
  if a == 0 then
    if apart:magnitude() > RADIUS then return nil end
    return (self.from + other.from) * 0.5
  end
  local b = 2 * apart:dot(relative)
  local c = apart:dot(apart) - RADIUS * RADIUS
  local discriminant = b * b - 4 * a * c
  if discriminant < 0 then return nil end
  local root = math.sqrt(discriminant)
  local first, last = (-b - root) / (2 * a), (-b + root) / (2 * a)
  if first > 1 or last < 0 then return nil end
  local time = math.max(first, 0)
  local meeting = ((self.from + way * time) + (other.from + other_way * time)) * 0.5
  return is_inside(meeting) and meeting or nil
end

-- Does the time for which a coordinate is in the cell's range overlap the frame? Returns also that time.
local function in_range(low, from, way)
  local margin = RADIUS / 2
  local first, last = (low - margin - from) / way, (low + CELL + margin - from) / way
  if way == 0 then return low <= from + margin and from - margin <= low + CELL, first, last end
  if way < 0 then first, last = last, first end
  return first <= 1 and last >= 0, first, last
end

function Motion:crosses(cell)
  if cell.x < LOWEST or cell.x > HIGHEST or cell.y < LOWEST or cell.y > HIGHEST then return false end
  local from, way = self.from, self.to - self.from
  local in_x, first_x, last_x = in_range(cell.x, from.x, way.x)
  if not in_x then return false end
  local in_y, first_y, last_y = in_range(cell.y, from.y, way.y)
  if not in_y then return false end
  return way.x == 0 or way.y == 0 or (first_x <= last_y and first_y <= last_x)
end

local steps = {}
for x = -1, 1 do
  for y = -1, 1 do
    if x ~= 0 or y ~= 0 then steps[#steps + 1] = Vector.new(x * CELL, y * CELL, 0) end
  end
end

-- Adds the motion to the lists of all cells that it crosses, from one cell to its neighbours.
function Motion:add_to(grid)
  local seen = Tree.new()
  local function spread(cell)
    if not self:crosses(cell) or seen:put(cell, true) then return end
    local motions = grid:get(cell)
    if not motions then
      motions = {}
      grid:put(cell, motions)
    end
    motions[#motions + 1] = self
    for _, step in ipairs(steps) do spread(cell + step) end
  end
  local function corner(coordinate) return math.floor(coordinate / CELL) * CELL end
  spread(Vector.new(corner(self.from.x), corner(self.from.y), 0))
end

local Detector = {}
Detector.__index = Detector

function Detector.new() return setmetatable({ positions = {} }, Detector) end

-- The motions since the frame before. An aircraft that is new stands still; one that has gone is forgotten.
function Detector:motions(frame)
  local motions, present = {}, {}
  for _, aircraft in ipairs(frame) do
    local callsign, position = aircraft.callsign, aircraft.position
    motions[#motions + 1] = Motion.new(callsign, self.positions[callsign] or position, position)
    present[callsign] = true
    self.positions[callsign] = position
  end
  for callsign in pairs(self.positions) do
    if not present[callsign] then self.positions[callsign] = nil end
  end
  return motions
end

function Detector:collisions(frame)
  local grid = Tree.new()
  for _, motion in ipairs(self:motions(frame)) do motion:add_to(grid) end
  local collisions = {}
  grid:each(function(_, motions)
    for index = 1, #motions - 1 do
      local one = motions[index]
      for other_index = index + 1, #motions do
        local other = motions[other_index]
        local place = one:meeting(other)
        if place then collisions[#collisions + 1] = { one = one.callsign, other = other.callsign, place = place } end
      end
    end
  end)
  return collisions
end

local callsigns = {}
for number = 1, size do callsigns[number] = "foo" .. number end

-- Pairs of aircraft that fly beside each other and meet now and then.
local function frame_at(time)
  local frame = {}
  for number = 1, size, 2 do
    local y = (number - 1) * 3
    frame[number] = { callsign = callsigns[number], position = Vector.new(time, math.cos(time) * 2 + y, 10) }
    frame[number + 1] = { callsign = callsigns[number + 1], position = Vector.new(time, math.sin(time) * 2 + y, 10) }
  end
  return frame
end

if not PUBLISHED[size] then error("no count of collisions is known for this many aircraft") end
local detector = Detector.new()
local count, places = 0, Vector.new(0, 0, 0)
for number = 0, FRAMES - 1 do
  local collisions = detector:collisions(frame_at(number / 10))
  count = count + #collisions
  for _, collision in ipairs(collisions) do places = places + collision.place end
end
if count ~= PUBLISHED[size] then error(("%d collisions instead of %d"):format(count, PUBLISHED[size])) end
print(count, ("%.6f %.6f %.6f"):format(places.x, places.y, places.z))
