-- Runaway recursion of every kind ends with an error that can be caught (Lua manual §4.1, ldo.c).
local function kind(ok, message)
  message = tostring(message)
  print(ok, message:find("C stack overflow", 1, true) and "C stack" or message:find("stack overflow", 1, true) and "stack" or message)
end
local function plain() return 1 + plain() end
kind(pcall(plain))
local function fill(...) return fill(1, ...) + 1 end
kind(pcall(fill))
local function concat(n) return n .. concat(n) end
kind(pcall(concat, "x"))
kind(xpcall(plain, plain))
kind(xpcall(plain, function(m) return m:match("stack overflow") end))
kind(xpcall(plain, function(m) return select(2, pcall(plain)) end))
kind(xpcall(error, error))
kind(xpcall(error, function(m) error(m) end, "x"))
local function gsub() string.gsub("a", ".", gsub) end
kind(pcall(gsub))
local t = setmetatable({}, {__index = gsub})
kind(pcall(function() string.gsub("a", ".", setmetatable({}, {__index = function() gsub() end})) end))
local object
object = setmetatable({}, {__tostring = function(o) return tostring(o) end})
kind(pcall(tostring, object))
object = setmetatable({}, {__index = function(o, k) return o[k] end})
kind(pcall(function() return object.x end))
object = setmetatable({}, {__add = function(a, b) return a + b end})
kind(pcall(function() return object + 1 end))
object = setmetatable({}, {__concat = function(a, b) return a .. b end})
kind(pcall(function() return object .. "x" end))
object = setmetatable({}, {__lt = function(a, b) return a < b end, __eq = function(a, b) return a == b end, __len = function(a) return #a end, __unm = function(a) return -a end})
kind(pcall(function() return object < object end))
kind(pcall(function() return object == setmetatable({}, getmetatable(object)) end))
kind(pcall(function() return #object end))
kind(pcall(function() return -object end))
object = setmetatable({}, {__newindex = function(o, k, v) o[k] = v end})
kind(pcall(function() object.x = 1 end))
object = setmetatable({}, {__call = function(o) return o() end})
object = setmetatable({}, {__call = function(o) return 1 + o() end})
kind(pcall(object))
local function sort() table.sort({1, 2, 3}, sort) end
kind(pcall(sort))
local function protect() return pcall(protect) end
print(type(protect()))
local function protected() local ok, m = pcall(protected) if not ok then error(m, 0) end return m end
kind(pcall(protected))
local function loads() return load("local f = ... return f()")(loads) end
local function handler_chain(n) if n == 0 then error("bottom") end return select(2, xpcall(handler_chain, function(m) return m .. n end, n - 1)) end
print(handler_chain(5))
local function iterate() for _ in iterate do end end
kind(pcall(iterate))
local function close() local c <close> = setmetatable({}, {__close = close}) end
kind(pcall(close))
kind(pcall(string.rep, "x", 1 << 40))
kind(pcall(load, ("("):rep(1000)))
kind(pcall(function() return load("return " .. ("("):rep(1000) .. "1" .. (")"):rep(1000)) end))
local chain = {}
local last = chain
for _ = 1, 3000 do local next = {} setmetatable(last, {__index = next}) last = next end
kind(pcall(function() return chain.x end))
kind(pcall(function() chain.x = 1 end))
kind(pcall(table.unpack, {}, 1, 1e8))
kind(pcall(function() return table.unpack({}, 1, 1e6) end))
kind(pcall(string.format, ("%s"):rep(300), table.unpack({}, 1, 299)))
print(select("#", pcall(table.unpack, {}, 1, 100000)))
-- after all this the stack is whole
print(pcall(function(...) return select("#", ...) end, table.unpack({}, 1, 200)))
