-- More captured locals than fit in a small operand, with temporaries between them.
local source = { "local out = {}\n" }
for i = 1, 150 do source[#source + 1] = ("local v%d = %d + #out\nout[#out + 1] = function(d) v%d = v%d + d return v%d end\n"):format(i, i, i, i, i) end
source[#source + 1] = "return out"
local out = load(table.concat(source))()
local sum = 0
for i = 1, #out do sum = sum + out[i](i) end
for i = 1, #out, 50 do print(i, out[i](0)) end
print(#out, sum)
