-- Returning a captured local gives its value, alone and among others.
local function counter()
  local n = 0
  local function step() n = n + 1 return n end
  step()
  step()
  return n
end
local function several()
  local a, b = 1, 2
  local function swap() a, b = b, a end
  swap()
  return a, b, a + b
end
local function parameter(p)
  local function double() p = p * 2 end
  double()
  return p
end
print(counter(), parameter(21))
print(several())
print((several()))
