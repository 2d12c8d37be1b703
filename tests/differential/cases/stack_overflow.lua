-- Endless recursion is an error that pcall catches, and the VM goes on afterwards.
local function endless(n) return 1 + endless(n + 1) end
for _ = 1, 3 do
  local ok, message = pcall(endless, 1)
  print(ok, type(message), message:find("stack overflow", 1, true) ~= nil)
end
local mutual
local function other() local r = mutual() return r end
function mutual() local r = other() return r end
local ok, message = pcall(mutual)
print(ok, message:find("stack overflow", 1, true) ~= nil)
local meta = setmetatable({}, {})
getmetatable(meta).__index = function(t, k) return t[k .. "x"] end
ok, message = pcall(function() return meta.a end)
print(ok, type(message))
print("still here", #("x"):rep(10))
