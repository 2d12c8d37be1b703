-- Methods of strings, numbers do not have any; nested and chained calls.
print(("abc"):upper(), ("x"):rep(3), ("a,b"):find(",", 1, true), #("abc"):sub(2))
local s = "hello"
print(s:sub(2, -2):upper():len(), s:byte(1, -1))
print(pcall(function() return (5):type() end))
print(pcall(function() return s:nothing() end))
print(pcall(function() local n = nil return n:method() end))
function string.shout(text) return text:upper() .. "!" end
print(s:shout(), ("%d"):format(3))
