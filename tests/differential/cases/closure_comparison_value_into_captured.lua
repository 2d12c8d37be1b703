-- A comparison's value (load false and skip, load true) into a captured local.
local x, y = 3, 4
local less
local get = function() return less end
less = x < y
print(get())
less = x > y
print(get())
less = not (x == y)
print(get())
less = x == 3 and y ~= 4
print(get())
less = x < y and x or y
print(get())
local both = x <= 3 or nil
print((function() both = not both return both end)(), both)
