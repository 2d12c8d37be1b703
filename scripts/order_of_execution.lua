-- Three threads print three lines each. Each thread prints its own in order. What about all nine?
local threading = require "threading"

local function work(name)
  for line = 1, 3 do print(name .. line) end
end

local threads = {}
for index, name in ipairs {"A", "B", "C"} do
  threads[index] = threading.Thread{target = work, args = {name}, name = name}
end
for _, thread in ipairs(threads) do thread:start() end
for _, thread in ipairs(threads) do thread:join() end
print("all have ended")
