-- ..., select, table.pack and unpack, with nils in every place.
local function count(...) return select("#", ...) end
print(count(), count(nil), count(nil, nil), count(1, nil, 3, nil))
local function rest(a, ...) return ... end
print(rest(1, 2, 3), (rest(1, 2, 3)), rest())
local function wrap(...) local a, b = ... local t = { ..., "end" } local u = { "start", ... } return a, b, #t, #u end
print(wrap(1, 2, 3)) print(wrap()) print(wrap("only"))
local p = table.pack(nil, 2, nil)
print(p.n, p[1], p[2], p[3])
print(table.unpack({ 1, 2, 3 }, 2), table.unpack({ 1, 2, 3 }, 2, 3))
print(table.unpack({}, 1, 3))
print(select(-1, 1, 2, 3), select(2, "a", "b", "c"))
print(pcall(select, 0, 1)) print(pcall(select, -5, 1))
local function keep(...) local function inner() return 1 end inner() return ... end
print(keep(1, nil, 3))
local function many(...) return select("#", ...), (select(select("#", ...), ...)) end
local big = {} for i = 1, 300 do big[i] = i end
print(many(table.unpack(big)))
print((function(...) return ... end)(1, 2, 3))
