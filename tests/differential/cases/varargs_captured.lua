-- Closures cannot see the outer ...; its values are captured through locals.
local function make(...)
  local args, n = { ... }, select("#", ...)
  local first, second = ...
  return function(more) n = n + more first = first or "none" return n, first, second, args[n - more] end
end
local f = make("a", "b", "c")
print(f(0)) print(f(1)) print(make()(0))
print(load("return function() return ... end"))
print((function(...) local t = {} for i = 1, select("#", ...) do local v = (select(i, ...)) t[i] = function() return v end end return t[1]() + t[2]() end)(3, 4))
