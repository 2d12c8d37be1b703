-- Float arithmetic in locals with hardly any memory (Computer Language Benchmarks Game).
local size = tonumber((...)) or 1024

local inside, steps = 0, 0
for row = 0, size - 1 do
  local constant_imaginary = 2 * row / size - 1
  for column = 0, size - 1 do
    local constant_real = 2 * column / size - 1.5
    local real, imaginary = 0.0, 0.0
    local escaped = false
    for _ = 1, 50 do
      local real_squared, imaginary_squared = real * real, imaginary * imaginary
      if real_squared + imaginary_squared > 4.0 then
        escaped = true
        break
      end
      imaginary = 2 * real * imaginary + constant_imaginary
      real = real_squared - imaginary_squared + constant_real
      steps = steps + 1
    end
    if not escaped then inside = inside + 1 end
  end
end
print(inside, steps)
