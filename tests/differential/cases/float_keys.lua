-- A float key with an integer value is the integer key; others are their own.
local t = {}
t[1.0] = "a" t[2] = "b" t[2^53] = "big" t[1.5] = "c" t[-0.0] = "zero"
print(t[1], t[2.0], t[9007199254740992], t[1.5], t[0], #t, next({ [3.0] = 1 }))
t[1] = nil
print(t[1.0], #{ [1.0] = 1, [2.0] = 2 })
t["1"] = "text"
print(t[1], t["1"])
print(math.type(next({ [4.0] = true })))
