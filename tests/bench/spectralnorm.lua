-- Calls and float arithmetic over arrays, integers and floats mixed (Computer Language Benchmarks Game).
local size = tonumber((...)) or 700

local function element(i, j)
  local sum = i + j - 1
  return 1.0 / (sum * (sum - 1) * 0.5 + i)
end

local function multiply(vector, result)
  for i = 1, size do
    local total = 0
    for j = 1, size do total = total + vector[j] * element(i, j) end
    result[i] = total
  end
end

local function multiply_transposed(vector, result)
  for i = 1, size do
    local total = 0
    for j = 1, size do total = total + vector[j] * element(j, i) end
    result[i] = total
  end
end

local u, v, scratch = {}, {}, {}
for i = 1, size do u[i] = 1 end
for _ = 1, 10 do
  multiply(u, scratch)
  multiply_transposed(scratch, v)
  multiply(v, scratch)
  multiply_transposed(scratch, u)
end

local product, square = 0, 0
for i = 1, size do
  product = product + u[i] * v[i]
  square = square + v[i] * v[i]
end
print(string.format("%0.9f", math.sqrt(product / square)))
