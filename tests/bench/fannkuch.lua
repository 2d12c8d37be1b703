-- Permutations of a small integer array: indexed loads and stores (Computer Language Benchmarks Game).
local size = tonumber((...)) or 10

local function fannkuch(n)
  local permutation, flipped, counts = {}, {}, {}
  local sign, maximum_flips, checksum = 1, 0, 0
  for i = 1, n do
    permutation[i], flipped[i], counts[i] = i, i, i
  end
  while true do
    local first = permutation[1]
    if first ~= 1 then
      for i = 2, n do flipped[i] = permutation[i] end
      local flips = 1
      while true do
        local next_first = flipped[first]
        if next_first == 1 then
          checksum = checksum + sign * flips
          if flips > maximum_flips then maximum_flips = flips end
          break
        end
        flipped[first] = first
        if first >= 4 then
          local low, high = 2, first - 1
          repeat
            flipped[low], flipped[high] = flipped[high], flipped[low]
            low = low + 1
            high = high - 1
          until low >= high
        end
        first = next_first
        flips = flips + 1
      end
    end
    if sign == 1 then
      permutation[1], permutation[2] = permutation[2], permutation[1]
      sign = -1
    else
      permutation[2], permutation[3] = permutation[3], permutation[2]
      sign = 1
      for i = 3, n do
        local count = counts[i]
        if count ~= 1 then
          counts[i] = count - 1
          break
        end
        if i == n then return checksum, maximum_flips end
        counts[i] = i
        local head = permutation[1]
        for j = 1, i do permutation[j] = permutation[j + 1] end
        permutation[i + 1] = head
      end
    end
  end
end

print(fannkuch(size))
