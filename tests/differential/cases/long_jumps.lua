-- Bodies longer than a short jump or a short register number reaches.
local source = { "local t, n, kept = {}, 0, {} for i = 1, 2 do local mine = i if i == 2 then goto finish end while true do local inner = i\n" }
for i = 1, 3000 do source[#source + 1] = ("n = n + %d if n == -1 then break end t[%d] = n\n"):format(i, i) end
source[#source + 1] = "kept[1] = function() inner = inner + mine return inner end break end ::finish:: kept[#kept + 1] = function() return mine end end return n, t[3000], kept[1](), kept[2](), #kept"
print(assert(load(table.concat(source)))())
-- More constants than one operand can name.
local constants = { "local s = 0\n" }
for i = 1, 1000 do constants[#constants + 1] = ("s = s + %d.25 + #'text%d'\n"):format(i, i) end
constants[#constants + 1] = "return s"
print(assert(load(table.concat(constants)))())
local fields = { "local t = {}\n" }
for i = 1, 400 do fields[#fields + 1] = ("t.field%d = %d t.total = (t.total or 0) + t.field%d\n"):format(i, i, i) end
fields[#fields + 1] = "return t.total, t.field400"
print(assert(load(table.concat(fields)))())
