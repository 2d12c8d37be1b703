-- Several captured locals that one instruction sets to nil, each its own cell.
local a, b, c, d
local function set(v, w, x, y) a, b, c, d = v, w, x, y end
local function get() return a, b, c, d end
print(get())
set(1, 2, 3, 4)
print(a, b, c, d)
for i = 1, 2 do
  local p, q, r
  local function swap() p, q, r = r, p, q end
  print(p, q, r)
  p = i
  swap()
  print(p, q, r)
end
