-- __call gets the object first, keeps the arguments, and may be chained.
local callable = setmetatable({}, { __call = function(self, ...) return select("#", ...), ... end })
print(callable())
print(callable(1, nil, nil))
print((callable(1, 2)))
local twice = setmetatable({}, { __call = callable })
print(select("#", twice(7)), rawequal(select(2, twice(7)), twice), (select(3, twice(7))))
print(pcall(callable, "p"))
local t = { m = callable }
print(t:m(1) == 2, select("#", t.m(1)))
print(pcall(setmetatable({}, { __call = 1 })))
for i in setmetatable({}, { __call = function(_, limit, at) if at < limit then return at + 1 end end }), 3, 0 do io.write(i, " ") end
print()
local function tail(n) return callable(n, n) end
print(tail(5))
