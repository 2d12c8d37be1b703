-- Parameters, varargs included, can be captured; each call has its own.
local function make(a, b, ...)
  local extra = select("#", ...)
  a = a or "none"
  return function(x) b = (b or 0) + x return a, b, extra end
end
local first, second = make("p", 1, nil, nil), make()
print(first(1)) print(first(1)) print(second(5)) print(first(0))
local object = {}
function object:method(n) return function() self.n = (self.n or 0) + n return self.n, self == object end end
local bound = object:method(3)
bound()
print(bound())
