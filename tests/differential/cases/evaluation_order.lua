-- Operands, arguments and constructor fields are evaluated from left to right.
local log = {}
local function n(v) log[#log + 1] = tostring(v) return v end
local _ = n(1) + n(2) * n(3) - n(4)
print(n(5), n(6), n(7))
_ = { n(8), x = n(9), [n(10)] = n(11), n(12) }
_ = n("a") .. n("b") .. n("c")
_ = n(13) < n(14), n(15) > n(16)
_ = n(false) and n(17) or n(18)
print(table.concat(log, " "))
-- A local read as an operand before a call that changes it keeps what it was, unless it is captured.
local x = 1
local function change() x = x + 10 return 0 end
print(x + change(), x)
local y = { x, change(), x }
print(y[1], y[2], y[3])
