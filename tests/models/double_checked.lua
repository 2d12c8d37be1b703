-- Double-checked initialisation: an object is made when it is first asked for, and only the first askers take the lock.
-- The outcome is 10 times the number of objects made, plus the number of threads that saw one without its value.
--
--   no word    right, where what a thread has stored is seen by others in the order of its stores, as in gilvm and in Promela.
--              Languages whose compilers and processors may change that order need a volatile or an atomic here (Bacon et
--              al., The "Double-Checked Locking is Broken" Declaration).
--   once       without the second look: who waited for the lock makes another object
--   early      the object is there for all to see before it has its value
local threading = require "threading"
local variant = arg[1]

return experiment {
  name = "double_checked",
  setup = function() object, made, without, lock = nil, 0, {false, false}, threading.Lock() end,
  worker = function(i)
    if not object then
      lock:acquire()
      if variant == "once" or not object then
        made = made + 1
        local new = {}
        if variant == "early" then object = new end
        new.value = 42
        object = new
      end
      lock:release()
    end
    if object.value ~= 42 then without[i] = true end
  end,
  observe = function() return 10 * made + (without[1] and 1 or 0) + (without[2] and 1 or 0) end,
  expect = function() return 10 end,
}
