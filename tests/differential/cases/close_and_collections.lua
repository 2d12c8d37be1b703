-- To-be-closed variables while the collector and finalizers run.
collectgarbage("stop")
local function resource(name)
  return setmetatable({ name = name }, {
    __close = function(object, failure)
      collectgarbage()
      print("closed", object.name, failure, object.finalized)
    end,
    -- When exactly is the collector's affair.
    __gc = function(object) object.finalized = true end,
  })
end
do
  local one <close> = resource "one"
  local two <close> = resource "two"
  collectgarbage()
end
collectgarbage()
local function values()
  local held <close> = resource "held"
  return 1, "two", { 3 }, nil, 5
end
print(select("#", values()), (select(3, values()))[1])
collectgarbage()
print(pcall(function()
  local failing <close> = resource "failing"
  local inner <close> = setmetatable({}, { __close = function(_, failure) collectgarbage() error(failure .. "!", 0) end })
  error("failure", 0)
end))
collectgarbage()
for i, held in (function() return next, { "a", "b" }, nil, resource "loop" end)() do
  collectgarbage()
  print(i, held)
  if i == 1 then break end
end
collectgarbage()
