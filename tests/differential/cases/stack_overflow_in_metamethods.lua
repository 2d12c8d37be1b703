-- The stack ends where a metamethod is about to be called.
local object = setmetatable({}, { __add = function() return 1 end })
local function add() local _ = object + 1 return (add()) end
print(pcall(add))
local called = setmetatable({}, { __call = function(...) return select("#", ...) end })
for count = 1000000, 999900, -1 do
  local ok, message = pcall(function() return called(table.unpack({}, 1, count)) end)
  if not message:find("too many results", 1, true) then
    print(ok, message:match("stack overflow$"))
    break
  end
end
print(object + 1, called(1, 2))
