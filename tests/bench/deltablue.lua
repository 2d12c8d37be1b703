-- An incremental solver of one-way constraints with strengths: many small methods, lists, late binding (DeltaBlue).
--
-- After Freeman-Benson, Maloney and Borning, "An Incremental Constraint Solver" (Communications of the ACM, 1990).
local size = tonumber((...)) or 130

local LENGTH = 100 -- of the chain, and of the list of projected points

-- Strengths are numbers: the lower one is the stronger.
local REQUIRED, PREFERRED, STRONG_DEFAULT, DEFAULT, WEAKEST = 0, 1, 2, 3, 4

local function subclass(parent)
  local class = setmetatable({}, { __index = parent })
  class.__index = class
  return class
end

local function remove_value(list, value)
  local kept = 0
  for index = 1, #list do
    local element = list[index]
    list[index] = nil
    if element ~= value then
      kept = kept + 1
      list[kept] = element
    end
  end
end

-- A variable knows the constraints that mention it, the one that determines it, and how strongly it is determined.
local Variable = {}
Variable.__index = Variable

function Variable.new(value)
  return setmetatable({
    value = value,
    constraints = {},
    determined_by = nil,
    mark = 0,
    walkabout_strength = WEAKEST,
    stays = true,
  }, Variable)
end

function Variable:add_constraint(constraint) self.constraints[#self.constraints + 1] = constraint end

function Variable:remove_constraint(constraint)
  remove_value(self.constraints, constraint)
  if self.determined_by == constraint then self.determined_by = nil end
end

-- A constraint has, of its own: add_to_graph, remove_from_graph, choose_method, is_satisfied, mark_inputs,
-- inputs_known, output, mark_unsatisfied, recalculate and execute.
local Constraint = {}
Constraint.__index = Constraint
Constraint.is_input = false

function Constraint:post(planner)
  self:add_to_graph()
  planner:incremental_add(self)
end

function Constraint:destroy(planner)
  if self:is_satisfied() then
    planner:incremental_remove(self)
  else
    self:remove_from_graph()
  end
end

-- Tries to satisfy the constraint; returns the one that it displaces, or nil.
function Constraint:satisfy(planner, mark)
  self:choose_method(mark)
  if not self:is_satisfied() then
    if self.strength == REQUIRED then error("a required constraint cannot be satisfied") end
    return nil
  end
  self:mark_inputs(mark)
  local output = self:output()
  local displaced = output.determined_by
  if displaced then displaced:mark_unsatisfied() end
  output.determined_by = self
  if not planner:add_propagate(self, mark) then error("a cycle of constraints") end
  output.mark = mark
  return displaced
end

-- Of one variable.
local Unary = subclass(Constraint)

function Unary.new(class, planner, variable, strength)
  local self = setmetatable({ strength = strength, variable = variable, satisfied = false }, class)
  self:post(planner)
  return self
end

function Unary:add_to_graph()
  self.variable:add_constraint(self)
  self.satisfied = false
end
function Unary:remove_from_graph()
  self.variable:remove_constraint(self)
  self.satisfied = false
end
function Unary:choose_method(mark)
  local variable = self.variable
  self.satisfied = variable.mark ~= mark and self.strength < variable.walkabout_strength
end
function Unary:is_satisfied() return self.satisfied end
function Unary:mark_unsatisfied() self.satisfied = false end
function Unary:output() return self.variable end
function Unary:mark_inputs() end
function Unary:inputs_known() return true end
function Unary:execute() end
function Unary:recalculate()
  local variable = self.variable
  variable.walkabout_strength = self.strength
  variable.stays = not self.is_input
  if variable.stays then self:execute() end
end

-- Keeps a variable as it is.
local Stay = subclass(Unary)

-- Marks a variable whose value comes from outside.
local Edit = subclass(Unary)
Edit.is_input = true

-- Of two variables, of which the direction says the one that is computed.
local Binary = subclass(Constraint)

function Binary.new(class, planner, first, second, strength)
  local self = setmetatable({ strength = strength, first = first, second = second, direction = nil }, class)
  self:post(planner)
  return self
end

function Binary:add_to_graph()
  self.first:add_constraint(self)
  self.second:add_constraint(self)
  self.direction = nil
end
function Binary:remove_from_graph()
  self.first:remove_constraint(self)
  self.second:remove_constraint(self)
  self.direction = nil
end
function Binary:choose_method(mark)
  local first, second, strength = self.first, self.second, self.strength
  self.direction = nil
  if first.mark == mark then
    if second.mark ~= mark and strength < second.walkabout_strength then self.direction = "forward" end
  elseif second.mark == mark then
    if strength < first.walkabout_strength then self.direction = "backward" end
  elseif first.walkabout_strength > second.walkabout_strength then
    if strength < first.walkabout_strength then self.direction = "backward" end
  elseif strength < second.walkabout_strength then
    self.direction = "forward"
  end
end
function Binary:is_satisfied() return self.direction ~= nil end
function Binary:mark_unsatisfied() self.direction = nil end
function Binary:input() return self.direction == "forward" and self.first or self.second end
function Binary:output() return self.direction == "forward" and self.second or self.first end
function Binary:mark_inputs(mark) self:input().mark = mark end
function Binary:inputs_known(mark)
  local input = self:input()
  return input.mark == mark or input.stays or input.determined_by == nil
end
function Binary:recalculate()
  local input, output = self:input(), self:output()
  output.walkabout_strength = math.max(self.strength, input.walkabout_strength)
  output.stays = input.stays
  if output.stays then self:execute() end
end

local Equality = subclass(Binary)

function Equality:execute() self:output().value = self:input().value end

-- second = first * scale + offset; scale and offset are variables too, which it only reads.
local Scale = subclass(Binary)

function Scale.new(class, planner, first, second, strength, scale, offset)
  local self = setmetatable(
    { strength = strength, first = first, second = second, scale = scale, offset = offset, direction = nil }, class)
  self:post(planner)
  return self
end

function Scale:add_to_graph()
  Binary.add_to_graph(self)
  self.scale:add_constraint(self)
  self.offset:add_constraint(self)
end
function Scale:remove_from_graph()
  Binary.remove_from_graph(self)
  self.scale:remove_constraint(self)
  self.offset:remove_constraint(self)
end
function Scale:mark_inputs(mark)
  Binary.mark_inputs(self, mark)
  self.scale.mark = mark
  self.offset.mark = mark
end
function Scale:execute()
  if self.direction == "forward" then
    self.second.value = self.first.value * self.scale.value + self.offset.value
  else
    self.first.value = (self.second.value - self.offset.value) / self.scale.value
  end
end
function Scale:recalculate()
  local input, output = self:input(), self:output()
  output.walkabout_strength = math.max(self.strength, input.walkabout_strength)
  output.stays = input.stays and self.scale.stays and self.offset.stays
  if output.stays then self:execute() end
end

-- The constraints in the order in which they are to be executed.
local Plan = {}
Plan.__index = Plan

function Plan:execute()
  for _, constraint in ipairs(self) do constraint:execute() end
end

local Planner = {}
Planner.__index = Planner

function Planner.new() return setmetatable({ mark = 0 }, Planner) end

function Planner:new_mark()
  self.mark = self.mark + 1
  return self.mark
end

-- Adds to the list the constraints that the variable's value goes into.
local function add_consumers(variable, list)
  local determined_by = variable.determined_by
  for _, constraint in ipairs(variable.constraints) do
    if constraint ~= determined_by and constraint:is_satisfied() then list[#list + 1] = constraint end
  end
end

function Planner:incremental_add(constraint)
  local mark = self:new_mark()
  local displaced = constraint:satisfy(self, mark)
  while displaced do displaced = displaced:satisfy(self, mark) end
end

function Planner:incremental_remove(constraint)
  local output = constraint:output()
  constraint:mark_unsatisfied()
  constraint:remove_from_graph()
  local unsatisfied = self:remove_propagate_from(output)
  table.sort(unsatisfied, function(one, other) return one.strength < other.strength end)
  for _, other in ipairs(unsatisfied) do self:incremental_add(other) end
end

-- Recomputes what depends on the constraint. False when it depends on itself: then it is taken out.
function Planner:add_propagate(constraint, mark)
  local todo = { constraint }
  while #todo > 0 do
    local one = table.remove(todo)
    if one:output().mark == mark then
      self:incremental_remove(constraint)
      return false
    end
    one:recalculate()
    add_consumers(one:output(), todo)
  end
  return true
end

-- Takes the strength from everything that depends on the variable; returns the constraints that might now be
-- satisfied.
function Planner:remove_propagate_from(output)
  output.determined_by = nil
  output.walkabout_strength = WEAKEST
  output.stays = true
  local unsatisfied, todo = {}, { output }
  while #todo > 0 do
    local variable = table.remove(todo)
    local determined_by = variable.determined_by
    for _, constraint in ipairs(variable.constraints) do
      if not constraint:is_satisfied() then
        unsatisfied[#unsatisfied + 1] = constraint
      elseif constraint ~= determined_by then
        constraint:recalculate()
        todo[#todo + 1] = constraint:output()
      end
    end
  end
  return unsatisfied
end

function Planner:plan_from(sources)
  local mark = self:new_mark()
  local plan = setmetatable({}, Plan)
  local todo = sources
  while #todo > 0 do
    local constraint = table.remove(todo)
    local output = constraint:output()
    if output.mark ~= mark and constraint:inputs_known(mark) then
      plan[#plan + 1] = constraint
      output.mark = mark
      add_consumers(output, todo)
    end
  end
  return plan
end

function Planner:plan_from_constraints(constraints)
  local sources = {}
  for _, constraint in ipairs(constraints) do
    if constraint.is_input and constraint:is_satisfied() then sources[#sources + 1] = constraint end
  end
  return self:plan_from(sources)
end

local function check(value, expected, what)
  if value ~= expected then error(("%s: %s instead of %s"):format(what, tostring(value), tostring(expected))) end
end

-- A long chain of equalities with a stay constraint at its end: what is set at the front arrives at the end.
local function chain_test(length)
  local planner = Planner.new()
  local variables = {}
  for index = 1, length + 1 do
    variables[index] = Variable.new(0)
    if index > 1 then Equality:new(planner, variables[index - 1], variables[index], REQUIRED) end
  end
  local first, last = variables[1], variables[length + 1]
  Stay:new(planner, last, STRONG_DEFAULT)
  local edit = Edit:new(planner, first, PREFERRED)
  local plan = planner:plan_from_constraints({ edit })
  local sum = 0
  for value = 1, 100 do
    first.value = value
    plan:execute()
    check(last.value, value, "the end of the chain")
    sum = sum + last.value
  end
  edit:destroy(planner)
  return sum
end

local function change(planner, variable, value)
  local edit = Edit:new(planner, variable, PREFERRED)
  local plan = planner:plan_from_constraints({ edit })
  for _ = 1, 10 do
    variable.value = value
    plan:execute()
  end
  edit:destroy(planner)
end

-- Two lists of points, one a projection of the other: a change of either side, or of the projection, is seen in the
-- other side.
local function projection_test(length)
  local planner = Planner.new()
  local scale, offset = Variable.new(10), Variable.new(1000)
  local sources, projections = {}, {}
  for index = 1, length do
    local source, projection = Variable.new(index), Variable.new(index)
    sources[index], projections[index] = source, projection
    Stay:new(planner, source, DEFAULT)
    Scale:new(planner, source, projection, REQUIRED, scale, offset)
  end

  local source, projection = sources[length], projections[length]
  change(planner, source, 17)
  check(projection.value, 1170, "the projection of a changed point")
  change(planner, projection, 1050)
  check(source.value, 5, "the point of a changed projection")
  local sum = 0
  change(planner, scale, 5)
  for index = 1, length - 1 do
    check(projections[index].value, sources[index].value * 5 + 1000, "a projection after the scale changed")
    sum = sum + projections[index].value
  end
  change(planner, offset, 2000)
  for index = 1, length - 1 do
    check(projections[index].value, sources[index].value * 5 + 2000, "a projection after the offset changed")
    sum = sum + projections[index].value
  end
  return sum
end

local total = 0
for _ = 1, size do total = total + chain_test(LENGTH) + projection_test(LENGTH) end
print(("%d"):format(total))
