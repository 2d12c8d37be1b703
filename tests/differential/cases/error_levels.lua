-- The level of error chooses whose position stands before the message; only strings get one.
local function level(n) error("message", n) end
print(pcall(level, 0)) print(pcall(level, 1))
print(pcall(function() level(2) end))
print(pcall(function()
  local function middle() level(3) end
  middle()
end))
print(pcall(level)) print(pcall(error)) print(pcall(error, nil)) print(pcall(error, "plain")) print(pcall(error, "one", 1))
print(pcall(error, 42)) print(pcall(error, true)) print(select("#", pcall(error)))
print(pcall(function() error(42, 1) end))
print(pcall(function() error() end))
