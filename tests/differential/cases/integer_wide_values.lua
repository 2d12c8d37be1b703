-- Integers around 2^50, 2^53 and 2^62 keep every bit through arithmetic, tables, comparison and text.
local t = {}
for _, shift in ipairs({ 49, 50, 51, 52, 53, 61, 62 }) do
  local value = 1 << shift
  for delta = -1, 1 do
    local n = value + delta
    t[n] = (t[n] or 0) + 1
    t[-n] = shift
    assert(n - delta == value and -(-n) == n and tostring(n) + 0 == n and n // 1 == n)
    assert(t[n] == 1 and t[-n] == shift)
  end
  print(value - 1, value, value + 1, -value - 1)
end
local count = 0
for _ in pairs(t) do count = count + 1 end
print(count)
local key = 2^53
print(t[key], t[9007199254740992], t[key + 1], t[9007199254740993])
