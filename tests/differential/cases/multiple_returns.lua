-- Calls give all results at the end of a list, one elsewhere and in parentheses.
local function f(...) return ... end
local t = { f(1, 2), f(3, 4), (f(5, 6)) }
print(#t, t[1], t[2], t[3])
local u = { f(1, 2), f() , f(7, 8) }
print(#u, u[1], u[2], u[3], u[4])
print(f(1, 2), f(3, 4)) print((f(1, 2))) print(f(), 1) print(f())
print(#{ f(nil, nil) }, select("#", f(), f()), select("#", (f())))
local big = {} for i = 1, 120 do big[i] = i end
local copy = { 0, table.unpack(big) }
print(#copy, copy[121])
print(string.format("%s %s", f("a", "b")))
if f() then print("true") else print("nothing is nil") end
print(f(1, 2) + f(3, 4), f("x", "y") .. "z", not f())
