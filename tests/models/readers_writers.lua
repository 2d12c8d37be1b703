-- Readers and writers (Courtois, Heymans and Parnas, 1971): readers may be in the room together, a writer is alone. Worker 1
-- writes two variables that are to be equal; the others read both. The outcome is how many readers saw two that differ.
--
--   no word    the first reader who comes takes the room, the last one who leaves gives it back
--   broken     the writer does not ask for the room
local threading = require "threading"
local broken = arg[1] == "broken"

return experiment {
  name = "readers_writers",
  setup = function()
    left, right, readers, differ = 0, 0, 0, {}
    room, counting = threading.Lock(), threading.Lock()
  end,
  worker = function(i)
    if i == 1 then
      if not broken then room:acquire() end
      left = 1
      right = 1
      if not broken then room:release() end
      return
    end

    counting:acquire()
    readers = readers + 1
    if readers == 1 then room:acquire() end
    counting:release()

    differ[i] = left ~= right

    counting:acquire()
    readers = readers - 1
    if readers == 0 then room:release() end
    counting:release()
  end,
  observe = function() return (differ[2] and 1 or 0) + (differ[3] and 1 or 0) end,
  expect = function() return 0 end,
}
