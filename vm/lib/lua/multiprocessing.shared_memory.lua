-- The module `multiprocessing.shared_memory`: memory with a name, on vm/lib/shared_values.cpp.
local _multiprocessing = require "_multiprocessing"
local builtins = require "builtins"
local support = require "_class"
local class, has_keywords, keywords = support.class, support.has_keywords, support.keywords
local ValueError = builtins.ValueError
local error, setmetatable = error, setmetatable
local memory, unlink = _multiprocessing.memory, _multiprocessing.unlink

-- `name`, `size` and `buf` are as in Python; `buf` has the bytes, counted from 1, and get(first, last) and
-- set(first, text) for many at once.
local SharedMemory = class("multiprocessing.shared_memory.SharedMemory")

function SharedMemory.new(called_class, name, create, size)
  if has_keywords(name) then name, create, size = keywords("SharedMemory", name, "name", "create", "size") end
  size = size or 0
  if size < 0 then error(ValueError("'size' must be a positive integer")) end
  if create and size == 0 then error(ValueError("'size' must be a positive number different from zero")) end
  if not create and name == nil then error(ValueError("'name' can only be None if create=True")) end
  local buf = memory(name, create or false, size)
  return setmetatable({name = buf:name(), size = buf:size(), buf = buf}, called_class)
end

function SharedMemory:close()
  if self.buf then self.buf:close() end
  self.buf = nil
end

function SharedMemory:unlink() unlink(self.name) end

return {SharedMemory = SharedMemory}
