-- and, or, not: values, short circuits and chains.
print(nil and 1, false or nil, 1 and 2, nil or false, not nil, not 0, not not "")
print(1 and nil or 3, false == false and "same", nil == false, (nil or 1) and 2)
local function t() return true, "second" end
print(t() and t(), (t()), t() or 1, not t())
local a, b, c = 1, nil, false
print(a and b, b and a, a or b, c or b, b or c, a and c or "else", not a == nil, not (a == nil))
print(1 < 2 == true, "x" == "x" and 1 < 2, not 1 == 2, 2 ^ 3 ^ 2, -2 ^ 2, not nil and 1, 1 .. 2 == "12")
local r = {}
for i = 0, 7 do
  local p, q, s = i & 1 ~= 0, i & 2 ~= 0, i & 4 ~= 0
  r[#r + 1] = ((p and q or s) and not (q and s) or (p ~= s)) and "1" or "0"
end
print(table.concat(r))
while a and not b do b = "set" end
print(b)
