-- Self-capturing functions at several depths, where registers are reused.
local results = {}
do
  local a, b = 1, 2
  local function inner(n) if n > 0 then return inner(n - 1) + a end return b end
  results[1] = inner(3)
end
do
  local c = 5
  do
    local d = 6
    local function other(n) if n > 0 then return other(n - 1) * 2 end return c + d end
    results[2] = other(2)
  end
  local function even(n)
    local function odd(m) if m == 0 then return false end return even(m - 1) end
    if n == 0 then return true end
    return odd(n - 1)
  end
  results[3], results[4] = even(10), even(7)
end
for i = 1, 4 do print(results[i]) end
