-- Bitwise operators on strings go to the metamethods that a script gives strings (Lua manual §3.4.2, §2.4).
local strings = getmetatable("")
print(pcall(function() return "3" & 1 end))
print(pcall(function() return 1 | "x" end))
print(pcall(function() return ~"5" end))
local function integer(x)
  x = tonumber(x)
  if not x then error("not a number", 3) end
  return math.tointeger(x) or error("no integer", 3)
end
for name, f in pairs {band = function(a, b) return integer(a) & integer(b) end, bor = function(a, b) return integer(a) | integer(b) end, bxor = function(a, b) return integer(a) ~ integer(b) end,
  shl = function(a, b) return integer(a) << integer(b) end, shr = function(a, b) return integer(a) >> integer(b) end, bnot = function(a) return ~integer(a) end} do strings["__" .. name] = f end
print("0xff" & 15, 15 & "0xff", "12" | "3", "5" ~ "1", "1" << "4", 256 >> "4", ~"0", "2" << 3, -1 >> "60", "0xffffffffffffffff" | 0)
print(pcall(function() return "x" & 1 end))
print(pcall(function() return 1 << "1.5" end))
print(pcall(function() return {} | "1" end))
print(pcall(function() return "1" ~ {} end))
print("10" + 5, "0x10" * "2", 10 .. "", -"3", "7" // 2, "2" ^ "3")
