-- A variable captured through several functions, some of which do not use it themselves.
local function level1()
  local x = 1
  local function level2()
    return function()
      local y = 10
      return function() x = x + 1 y = y + x return x, y end
    end
  end
  return level2(), function() return x end
end
local make, get = level1()
local one, two = make(), make()
print(one()) print(two()) print(one()) print(get())
