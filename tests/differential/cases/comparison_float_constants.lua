-- Comparisons with a small constant: metamethods and messages see its kind.
local seen = {}
local function note(name)
  return function(a, b)
    seen[#seen + 1] = name .. (math.type(a) or "table") .. "," .. (math.type(b) or "table")
    return #seen % 2 == 0
  end
end
local object = setmetatable({}, { __lt = note("lt "), __le = note("le "), __eq = note("eq ") })
print(object < 1.0, object < 1, object > 2.0, object > 2, object <= -3.0, object <= -3, object >= 3.0, object >= 3)
print(1.0 < object, 1 < object, 2.0 >= object, -5 <= object, object == 1.0, object ~= 1)
print(table.concat(seen, "; "))
local nothing, text = {}, "1"
print(pcall(function() return nothing < 1.0 end))
print(pcall(function() return nothing > 1 end))
print(pcall(function() return text <= 1.0 end))
print(pcall(function() return 2.0 >= text end))
local nan, wide = 0 / 0, math.mininteger
print(nan < 1.0, nan > 1.0, nan <= 1, nan >= 1, not (nan < 1.0), wide < 1.0, wide > -1.0, wide <= 1, wide >= 127.0)
