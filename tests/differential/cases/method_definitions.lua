-- function a.b.c:m() and self; fields of functions, methods with varargs.
local a = { b = { c = {} } }
function a.b.c:m(...) self.count = (self.count or 0) + select("#", ...) return self == a.b.c, self.count end
function a.b.plain(x) return x end
print(a.b.c:m(1, 2)) print(a.b.c.m(a.b.c)) print(a.b.plain(3))
local Class = {} Class.__index = Class
function Class.new(v) return setmetatable({ v = v }, Class) end
function Class:add(n) self.v = self.v + n return self end
local Sub = setmetatable({}, { __index = Class }) Sub.__index = Sub
function Sub.new(v) return setmetatable(Class.new(v), Sub) end
function Sub:add(n) return Class.add(self, n * 2) end
print(Class.new(1):add(2):add(3).v, Sub.new(1):add(2):add(3).v)
print(getmetatable(Sub.new(1)) == Sub, Sub.new == Class.new)
