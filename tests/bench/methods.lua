-- Method calls; some are found in the class, some two __index steps further up.
local size = tonumber((...)) or 3000000

local Shape = {}
Shape.__index = Shape
function Shape.new(class, name)
  return setmetatable({ name = name, calls = 0 }, class)
end
function Shape:count() self.calls = self.calls + 1 end
function Shape:scaled_area(factor)
  self:count()
  return self:area() * factor
end

local Rectangle = setmetatable({}, { __index = Shape })
Rectangle.__index = Rectangle
function Rectangle.new(class, name, width, height)
  local self = Shape.new(class, name)
  self.width, self.height = width, height
  return self
end
function Rectangle:area() return self.width * self.height end

local Square = setmetatable({}, { __index = Rectangle })
Square.__index = Square
function Square.new(class, name, side)
  return Rectangle.new(class, name, side, side)
end
function Square:grow(amount)
  self.width = self.width + amount
  self.height = self.width
end

local rectangle = Rectangle:new("rectangle", 3, 4)
local square = Square:new("square", 5)
local total = 0
for i = 1, size do
  total = (total + rectangle:scaled_area(2) + square:scaled_area(3)) % 1000003
  if i % 1000 == 0 then square:grow(1) end
end
print(total, rectangle.calls, square.calls, square.width)
