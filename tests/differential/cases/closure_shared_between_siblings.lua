-- Closures made in the same scope share the variable; those of another call do not.
local function make()
  local value = 0
  return function() value = value + 1 return value end, function() return value end, function(v) value = v end
end
local up, get, set = make()
local other_up, other_get = make()
up() up() set(get() * 10) up() other_up()
print(get(), other_get())
