-- To-be-closed variables close in reverse order, on every way out, with the error or nil.
local function c(name) return setmetatable({}, { __close = function(_, e) print("close", name, e) end }) end
do
  local a <close> = c("a")
  local b <close> = c("b")
  local none <close> = nil
  local no <close> = false
  print("body")
end
for i = 1, 3 do
  local x <close> = c("loop" .. i)
  if i == 2 then break end
end
local function leave() local x <close> = c("return") return "value", 2 end
print(leave())
print(pcall(function() local x <close> = c("error") error("oops", 0) end))
do
  local n = 0
  ::again::
  do
    local x <close> = c("goto" .. n)
    n = n + 1
    if n < 2 then goto again end
  end
end
print(pcall(function() local bad <close> = 42 end))
print(pcall(function() local bad <close> = {} end))
