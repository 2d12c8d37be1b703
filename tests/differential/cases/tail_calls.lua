-- A million tail calls need no stack: plain, mutual, through methods, varargs and __call.
local function loop(n, total) if n == 0 then return total end return loop(n - 1, total + n) end
print(loop(1000000, 0))
local odd
local function even(n) if n == 0 then return true end return odd(n - 1) end
function odd(n) if n == 0 then return false end return even(n - 1) end
print(even(1000000))
local object = {}
function object:run(n) if n == 0 then return "done" end return self:run(n - 1) end
print(object:run(1000000))
local function vararg(n, ...) if n == 0 then return select("#", ...), ... end return vararg(n - 1, ...) end
print(vararg(100000, 1, 2, 3))
local function captured(n) local m = n local f = function() m = m - 1 return m end if n == 0 then return "end" end return captured(f()) end
print(captured(100000))
local callable = setmetatable({}, { __call = function(self, n) if n == 0 then return "called" end return loop(n, 0) end })
local function to_callable(n) return callable(n) end
print(to_callable(10), to_callable(0))
