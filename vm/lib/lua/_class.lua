-- What the modules that are written in Lua share: classes, keyword arguments, timeouts.
local builtins = require "builtins"
local TypeError, ValueError = builtins.TypeError, builtins.ValueError
local error, getmetatable, pairs, setmetatable, tostring, type =
  error, getmetatable, pairs, setmetatable, tostring, type

-- A class is the metatable of its objects and holds their methods. Calling it calls its `new`.
local function class(name, base)
  local new_class = {__name = name}
  if base then
    -- Metamethods are looked for in the metatable alone.
    for key, value in pairs(base) do
      if key:sub(1, 2) == "__" and key ~= "__name" and key ~= "__index" then new_class[key] = value end
    end
  end
  new_class.__index = new_class
  return setmetatable(new_class, {
    __index = base,
    __call = function(called, ...) return called.new(called, ...) end,
    __tostring = function() return "<class '" .. name .. "'>" end,
  })
end

-- Arguments may be given by position or as Python's keywords, in one table: get(true, 1) or get{timeout = 1}. Is
-- `first`, the first of those arguments, such a table?
local function has_keywords(first) return type(first) == "table" and getmetatable(first) == nil end

-- The values of up to five keywords in `given`, in the order of their names.
local function keywords(called, given, ...)
  local known = {...}
  for key in pairs(given) do
    local found = false
    for _, name in pairs(known) do found = found or key == name end
    if not found then
      error(TypeError(called .. "() got an unexpected keyword argument '" .. tostring(key) .. "'"))
    end
  end
  local a, b, c, d, e = ...
  local function value(name) if name then return given[name] end end
  return value(a), value(b), value(c), value(d), value(e)
end

-- An argument that must be of the type `wanted`.
local function check_type(value, wanted, called, name)
  if type(value) ~= wanted then
    error(TypeError(called .. ": " .. name .. " must be a " .. wanted .. ", got " .. type(value)))
  end
end

local function check_timeout(timeout)
  if timeout ~= nil and type(timeout) ~= "number" then
    error(TypeError("a number of seconds expected, got " .. type(timeout)))
  end
  if timeout ~= timeout then error(ValueError("Invalid value NaN (not a number)")) end
  return timeout
end

return {
  class = class,
  has_keywords = has_keywords,
  keywords = keywords,
  check_type = check_type,
  check_timeout = check_timeout,
}
