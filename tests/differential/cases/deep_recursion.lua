-- A hundred thousand levels of ordinary recursion fit.
local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
print(depth(100000))
local function sum(n, ...) if n == 0 then return select("#", ...) end local r = sum(n - 1, n) return r + 1 end
print(sum(50000))
local function capture(n) local x = n local f = function() return x end if n == 0 then return f() end return capture(n - 1) + f() - x end
print(capture(50000))
