-- Integer arithmetic wraps around; float arithmetic does not.
local max, min = math.maxinteger, math.mininteger
print(max + 1 == min, min - 1 == max, max * 2, min * -1, -min, max * max, min * min)
print(max + 1.0, max + 0.0 == 2^63, min + 0.0 == -2^63, max // 1 | 0)
print(math.abs(min), math.abs(-5), math.abs(-0.0))
print(9223372036854775807, 9223372036854775808, -9223372036854775808, 0x7fffffffffffffff, 0xffffffffffffffff, 0x1ffffffffffffffff)
local x = 1
for i = 1, 70 do x = x * 3 + i end
print(x)
local y = 1
for i = 1, 25 do y = y * i end
print(y)
