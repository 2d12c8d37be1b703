-- NaN is unequal to itself, orders with nothing, is no key; infinities behave.
local nan = 0/0
print(nan == nan, nan ~= nan, nan < nan, nan <= nan, nan > 1, 1 > nan, not (nan < 1), rawequal(nan, nan))
local t = {}
print(pcall(function() t[nan] = 1 end), t[nan])
print(math.huge == math.huge, math.huge > math.maxinteger, -math.huge < math.mininteger, math.huge - math.huge ~= 0)
print(1/0, -1/0, 1/-0.0, 0.0 == -0.0, 1/(0.0 * -1), math.huge // 0 , 2^1024, -2^1024)
print(pcall(function() for i = 1, nan do error("never") end return "no iteration" end))
print(math.max(1, 2), math.tointeger(nan), math.floor(2.5))
if nan then print("NaN is true") end
