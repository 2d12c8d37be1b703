-- luajit: no
-- A 64-bit linear congruential generator (Knuth's MMIX constants): integers that need all 64 bits.
local size = tonumber((...)) or 45000000

local state, mixed = 1, 0
for _ = 1, size do
  state = state * 6364136223846793005 + 1442695040888963407
  mixed = mixed ~ (state >> 33)
  mixed = (mixed << 1) | (mixed >> 63)
end
print(state, mixed)
