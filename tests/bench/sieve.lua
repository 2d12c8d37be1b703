-- Boolean array stores with a stride, then a scan: indexed access in numeric loops.
local size = tonumber((...)) or 1000000

local function sieve(limit)
  local composite = {}
  for i = 1, limit do composite[i] = false end
  local count, sum = 0, 0
  for candidate = 2, limit do
    if not composite[candidate] then
      count = count + 1
      sum = (sum + candidate) % 1000003
      for multiple = candidate * candidate, limit, candidate do composite[multiple] = true end
    end
  end
  return count, sum
end

-- Repeated, rather than one larger array: memory bandwidth would hide the interpreter.
local checksum = 0
for repetition = 1, 24 do
  local count, sum = sieve(size - repetition)
  checksum = (checksum * 31 + count + sum) % 1000003
end
print(checksum)
