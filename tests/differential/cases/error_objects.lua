-- An error object arrives as it was thrown.
local object = { code = 7 }
local ok, caught = pcall(error, object)
print(ok, caught == object, caught.code)
local described = setmetatable({}, { __tostring = function() return "described" end })
ok, caught = pcall(error, described)
print(ok, rawequal(caught, described), tostring(caught))
print(select(2, pcall(error, print)) == print)
ok, caught = pcall(function() local ok, inner = pcall(error, { n = 1 }) inner.n = inner.n + 1 error(inner) end)
print(ok, caught.n)
print(pcall(function() return "no", "error", nil end))
print(pcall(assert, false)) print(pcall(assert, nil, "why")) 
print(assert(1, "unused", 3)) print(pcall(assert))
