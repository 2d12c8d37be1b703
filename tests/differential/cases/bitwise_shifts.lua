-- Shifts are logical; a shift of 64 or more gives 0; a negative one shifts the other way.
print(1 << 63, 1 << 64, 1 << 65, -1 >> 1, -1 >> 63, -1 >> 64, 1 << -1, 2 >> -1, -1 << 1, 1 << 62)
print(5 & 3, 5 | 3, 5 ~ 3, ~5, ~0, -1 & 0xff, math.mininteger | 1)
print(1 << math.mininteger, 1 >> math.maxinteger, 1 << math.maxinteger, 1 >> math.mininteger)
print(3.0 & 1, 2^31 | 0, 1e15 | 0)
print(pcall(function() return "7" & 3 end))
print(pcall(function() return 2^63 | 0 end))
print(pcall(function() return 1.5 | 0 end))
print(pcall(function() return 1 << 0.5 end))
local s = 3
print(1 << s, s << 1, 256 >> s, s >> 1, -s >> 60)
