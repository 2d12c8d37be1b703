-- Futures that stand in line, for what is given to one task after the other. Whoever leaves from the middle leaves a gap.
local support = require "_class"
local class = support.class
local setmetatable = setmetatable

local Line = class("asyncio.Line")

function Line.new(called_class) return setmetatable({first = 1, last = 0, count = 0}, called_class) end

function Line:join(future)
  local last = self.last + 1
  self[last], self.last, self.count = future, last, self.count + 1
end

function Line:leave(future)
  for place = self.first, self.last do
    if self[place] == future then
      self[place], self.count = false, self.count - 1
      break
    end
  end
  while self.first <= self.last and not self[self.first] do
    self[self.first] = nil
    self.first = self.first + 1
  end
  -- An empty line begins anew, so that it stays in the array part of the table.
  if self.count == 0 then self.first, self.last = 1, 0 end
end

-- The first that is not done yet, or nil.
function Line:first_pending()
  for place = self.first, self.last do
    local future = self[place]
    if future and not future:done() then return future end
  end
end

-- Is there one that was not cancelled?
function Line:has_waiters()
  for place = self.first, self.last do
    if self[place] and not self[place]:cancelled() then return true end
  end
  return false
end

-- Wakes `count` of them, the first ones.
function Line:wake(count)
  for place = self.first, self.last do
    if count <= 0 then return end
    local future = self[place]
    if future and not future:done() then
      count = count - 1
      future:set_result(true)
    end
  end
end

return Line
