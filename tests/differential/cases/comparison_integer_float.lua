-- Comparisons of integers and floats are exact at 2^53 and 2^63.
local i53, f53 = 9007199254740993, 9007199254740992.0
print(i53 == f53, i53 > f53, i53 < f53, i53 - 1 == f53, i53 <= f53, f53 < i53, f53 >= i53)
local max, min = math.maxinteger, math.mininteger
print(max < 2^63, max == 2^63, max <= 2^63, max >= 2^63, 2^63 > max, min == -2^63, min <= -2^63, min < -2^63)
print(max < math.huge, min > -math.huge, max < 0/0, max >= 0/0, 0/0 ~= 0/0)
print(1 == 1.0, 1 < 1.5, 2 > 1.5, -1 > -1.5, 0 == -0.0, 1 <= 0.999)
print(max + 0.0 == max, (max - 1023) + 0.0 < max, 3 < 3.0000000001)
if i53 < f53 then print("wrong") elseif i53 > f53 then print("right") end
local n = 5
print(n == 5.0, n < 5.5, n > 4.5, n <= 5.0, n >= 5, n ~= 5, 4 < n, 5.0 <= n)
