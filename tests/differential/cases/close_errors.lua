-- An error in __close replaces the one before it; the others still close.
local function c(name, problem) return setmetatable({}, { __close = function(_, e)
  print("close", name, e)
  if problem then error(problem, 0) end
end }) end
print(pcall(function()
  local a <close> = c("a")
  local b <close> = c("b", "from b")
  local d <close> = c("d", "from d")
  print("body")
end))
print(pcall(function()
  local a <close> = c("a", "last")
  local b <close> = c("b", "middle")
  error("first", 0)
end))
print(pcall(function()
  local a <close> = c("a", "in return")
  return "lost"
end))
