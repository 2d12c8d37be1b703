-- Function calls, adjustment and returns (manual §3.3.6, §3.4.10 to §3.4.12).
local function count(...) return select("#", ...) end
local function three() return 1, 2, 3 end
local function none() end
print(count(three()), count(three(), three()), count((three())), count(none()), count((none())), count(none(), none()))
print(#{ three() }, #{ three(), three() }, #{ (three()) }, #{ three(), nil }, #{ none() })
local a, b, c, d = three()
print(a, b, c, d)
a, b = three(), 10
print(a, b)
a, b, c = 0, three()
print(a, b, c)
a, b, c = (three())
print(a, b, c)
-- String and table arguments, methods, chains and line breaks.
local function echo(x) return type(x), x end
print(echo "text")
print(echo [[long]])
print((echo {}))
local object = { value = 5 }
function object:get(extra) return self.value, extra end
function object.make(value) return { value = value, get = object.get, make = object.make } end
print(object:get "x", object.make(6):get [[y]], object.make { 1 }:get {} ~= nil)
print(("text"):rep(2):upper():sub(2, 3), #("x"):rep(10))
print(object
  :get
  (1))
-- The function and its arguments are evaluated before the call, the function first.
local order = {}
local function note(name, result) order[#order + 1] = name return result end
note("function", function() note "body" end)(note "first", note "second")
print(table.concat(order, " "))
-- __call, also through several metatables and with methods.
local callable = setmetatable({}, { __call = function(self, ...) return "called", count(...) end })
print(callable(), callable(nil), (callable(1, 2)))
local twice = setmetatable({}, { __call = callable })
print(select('#', twice(1)), (twice(1)))
local t = { method = callable }
print(select(2, t:method(1)) == 2, select('#', t:method()))
print(pcall(setmetatable({}, { __call = setmetatable({}, { __call = 12 }) })))
-- Tail calls: as many as one likes, also through __call and from varargs.
local function down(n, ...) if n == 0 then return count(...), ... end return down(n - 1, ...) end
print(down(100000, "a", nil, "b", nil))
local self_calling
self_calling = setmetatable({}, { __call = function(_, n) if n == 0 then return "done" end return self_calling(n - 1) end })
print(self_calling(10000))
local function even(n) if n == 0 then return true end return (function(m) return not even(m) and m < 0 end)(n - 1) end
print(even(10))
-- Parameters: missing ones are nil, extra ones are dropped, varargs keep nils.
local function two(x, y) return x, y end
print(two(), two(1), (two(1, 2, 3)))
print((function(x, ...) local y, z = ... return x, y, z, select("#", ...) end)(1, nil, nil, nil))
print((function(...) local x <const> = ... return x end)(7, 8))
print((function(...) return ..., "after" end)(1, 2))
print((function(...) return ({ ... })[2], ({ n = ..., ... }).n end)(1, 2))
-- Very many arguments and results.
local numbers = {}
for i = 1, 5000 do numbers[i] = i end
print(count(table.unpack(numbers)), (select(-1, table.unpack(numbers))), math.max(table.unpack(numbers)))
print(select("#", (function(...) return ... end)(table.unpack(numbers, 1, 4000))))
print(pcall(table.unpack, {}, 1, 1e7))
print(#string.format(("%d"):rep(200), table.unpack(numbers, 1, 200)))
print(#table.pack(string.byte(("x"):rep(4000), 1, -1)), pcall(string.char, 256))
-- Recursion of local and of global functions.
local function factorial(n) return n < 2 and 1 or n * factorial(n - 1) end
function fibonacci(n) return n < 2 and n or fibonacci(n - 1) + fibonacci(n - 2) end
print(factorial(20), fibonacci(15), factorial(25.0))
local nested = { deeper = { and_deeper = {} } }
function nested.deeper.and_deeper.last(...) return count(...) end
function nested.deeper.and_deeper:method(...) return self == nested.deeper.and_deeper, count(...) end
print(nested.deeper.and_deeper.last(1, 2), nested.deeper.and_deeper:method(1, 2))
-- load: pieces, environments, modes, and what the chunk gets.
local pieces, at = { "return ", "1 + ", "", "2" }, 0
print(load(function() at = at + 1 return pieces[at] end))
pieces, at = { "return ", "...", " , select('#', ...)" }, 0
print(load(function() at = at + 1 return pieces[at] end)("x", nil))
print(pcall(load, function() error "in the reader" end))
print(load(function() error "in the reader" end))
print(load("x = 1; return x", "name", "t", {})(), x)
print(load("return 1", "name", "b"), load(string.dump(function() end), "name", "t"))
print(pcall(load("return x", "name", "bt", nil)))
