-- A hook that raises an error ends what it was told of, whichever event it was.
local function work(n)
  local functions = {}
  for i = 1, n do
    local captured = i
    functions[i] = function() return captured end
  end
  local sum = 0
  for _, f in ipairs(functions) do
    sum = sum + f()
  end
  for a, b in pairs(setmetatable({}, { __pairs = function(t) return next, { 10 }, nil end })) do
    sum = sum + b
  end
  local chunk = load("return 5")
  return sum + chunk() + tonumber("1"), select("#", 1, 2, 3)
end
for _, mask in ipairs { "c", "r", "l", "cr", "crl" } do
  for failing = 1, 60 do
    local events = 0
    local name
    local ok, message = pcall(function()
      debug.sethook(function(event, line)
        events = events + 1
        if events == failing then
          name = event .. " " .. tostring(line)
          error("hook " .. failing, 0)
        end
      end, mask)
      local result = work(3)
      debug.sethook()
      return result
    end)
    debug.sethook()
    print(mask, failing, name, ok, message)
    if ok then break end
  end
end
-- By count.
for count = 1, 40 do
  print(count, pcall(function()
    debug.sethook(function() debug.sethook() error("counted", 0) end, "", count)
    local result = work(2)
    debug.sethook()
    return result
  end))
  debug.sethook()
end
