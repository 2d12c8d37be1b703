-- A buffer with room for one item. A producer puts two, two consumers take one each. Who cannot go on waits as at a
-- threading.Condition, which is done here in a few lines: at a lock of its own that others release.
--
--   no word    who is woken looks again (`while`)
--   once       who is woken goes on (`if`): what it was woken for may be gone
local threading = require "threading"
local once = arg[1] == "once"

return experiment {
  name = "bounded_buffer",
  setup = function() items, wrong, waiting, guard = 0, false, {}, threading.Lock() end,
  worker = function(i)
    local function wait()
      local place = threading.Lock()
      place:acquire()
      waiting[#waiting + 1] = place
      guard:release()
      place:acquire()
      guard:acquire()
    end
    local function notify_all()
      for k = 1, #waiting do waiting[k]:release() end
      waiting = {}
    end

    local producer = i == 1
    local full_or_empty = producer and 1 or 0
    for _ = 1, producer and 2 or 1 do
      guard:acquire()
      if once then
        if items == full_or_empty then wait() end
      else
        while items == full_or_empty do wait() end
      end
      items = items + (producer and 1 or -1)
      if items < 0 or items > 1 then wrong = true end
      notify_all()
      guard:release()
    end
  end,
  observe = function() return wrong end,
  expect = function() return false end,
}
