-- Long strings are not interned, but the compiler makes one that stands in several places only once, in the whole chunk.
local function address(text) return string.format("%p", text) end
local first = "a long string is one of more than forty bytes, so this is one"
local second = "a long string is one of more than forty bytes, so this is one"
local constant <const> = "a long string is one of more than forty bytes, so this is one"
local function nested()
  return function() return "a long string is one of more than forty bytes, so this is one" end
end
print(address(first) == address(second), address(first) == address(constant))
print(address(first) == address(nested()()), address(nested()()) == address(nested()()))
local fields = {["a long string is one of more than forty bytes, so this is one"] = 1}
print(address(next(fields)) == address(first), fields[second])
-- Two chunks share none, and what is computed is always new.
local source = "return 'a long string is one of more than forty bytes, so this is one'"
local loaded = load(source)
print(loaded() == first, address(loaded()) == address(first), address(loaded()) == address(load(source)()))
local joined = "a long string is one of more than forty bytes, " .. "so this is one"
print(joined == first, address(joined) == address(first))
