-- Value, Array, RawValue and RawArray of `multiprocessing`, on the numbers of vm/lib/shared_values.cpp.
local _multiprocessing = require "_multiprocessing"
local builtins = require "builtins"
local support = require "_class"
local has_keywords, keywords = support.has_keywords, support.keywords
local TypeError = builtins.TypeError
local error, type = error, type
local numbers, RLock = _multiprocessing.numbers, _multiprocessing.RLock

-- lock=true makes an RLock, lock=false is none, and any other is the lock itself.
local function lock_of(lock)
  if lock == nil or lock == true then return RLock() end
  return lock
end

local function make_value(typecode, initial, lock)
  local value = numbers(typecode, 1, true, lock)
  if initial ~= nil then value.value = initial end
  return value
end

local function make_array(typecode, size_or_initializer, lock)
  if type(size_or_initializer) == "string" then
    local text = size_or_initializer
    local array = numbers(typecode, #text, false, lock)
    for index = 1, #text do array[index] = text:sub(index, index) end
    return array
  elseif type(size_or_initializer) == "table" then
    local array = numbers(typecode, #size_or_initializer, false, lock)
    for index = 1, #size_or_initializer do array[index] = size_or_initializer[index] end
    return array
  elseif type(size_or_initializer) == "number" then
    return numbers(typecode, size_or_initializer, false, lock)
  end
  error(TypeError("Array: a size or a list expected, got " .. type(size_or_initializer)))
end

-- The keyword `lock` follows as a table, also in the place of the initial value, which is none.
local function options(called, given)
  if has_keywords(given) then return (keywords(called, given, "lock")) end
end

local sharedctypes = {}

function sharedctypes.RawValue(typecode, initial) return make_value(typecode, initial, false) end

function sharedctypes.RawArray(typecode, size_or_initializer) return make_array(typecode, size_or_initializer, false) end

function sharedctypes.Value(typecode, initial, given)
  if has_keywords(initial) then initial, given = nil, initial end
  return make_value(typecode, initial, lock_of(options("Value", given)))
end

function sharedctypes.Array(typecode, size_or_initializer, given)
  return make_array(typecode, size_or_initializer, lock_of(options("Array", given)))
end

return sharedctypes
