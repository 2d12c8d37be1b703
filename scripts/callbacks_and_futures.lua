-- Three downloads, which take 0.3, 0.2 and 0.1 seconds, and nothing but waiting: written in four ways.
--
--   gilvm run scripts/callbacks_and_futures.lua blocking    one after the other
--   gilvm run scripts/callbacks_and_futures.lua callbacks   the loop calls a function when one is there
--   gilvm run scripts/callbacks_and_futures.lua futures     an object stands for what is not there yet
--   gilvm run scripts/callbacks_and_futures.lua tasks       a function that waits in the middle
--
-- There is one thread in all of them.
local asyncio = require "asyncio"
local time = require "time"
local await, coro = asyncio.await, asyncio.coro

local way = arg[1] or "tasks"
local PAGES = {{name = "a.html", seconds = 0.3}, {name = "b.html", seconds = 0.2}, {name = "c.html", seconds = 0.1}}

local began = time.monotonic()
local function say(text) print(("%.1f s  %s"):format(time.monotonic() - began, text)) end

local function blocking()
  for _, page in ipairs(PAGES) do
    say("asks for " .. page.name)
    time.sleep(page.seconds)  -- the whole thread waits
    say(page.name .. " is here")
  end
end

-- Asks for a page; the loop calls on_arrival(name) when it is there.
local function request(page, on_arrival)
  say("asks for " .. page.name)
  return asyncio.get_running_loop():call_later(page.seconds, on_arrival, page.name)
end

local function callbacks()
  local loop = asyncio.new_event_loop()
  local missing = #PAGES
  loop:call_soon(function()
    for _, page in ipairs(PAGES) do
      local handle = request(page, function(name)
        say(name .. " is here")
        missing = missing - 1
        if missing == 0 then loop:stop() end  -- who is last must know it
      end)
      if page == PAGES[1] then print("       " .. tostring(handle)) end
    end
    say "the function that has asked is at its end"
  end)
  loop:run_forever()
end

-- Asks for a page; the future that is returned will have its name.
local function download(page)
  local future = asyncio.Future()
  request(page, function(name) future:set_result(name) end)
  return future
end

local function futures()
  asyncio.run(function()
    local list = {}
    for i, page in ipairs(PAGES) do list[i] = download(page) end
    print("       " .. tostring(list[1]))
    for _, future in ipairs(list) do
      future:add_done_callback(function() say(future:result() .. " is here") end)
    end
    await(asyncio.wait(list))
    print("       " .. tostring(list[1]))
  end)
end

-- Reads as `blocking` does, but only this task waits.
local function fetch(page)
  local name = await(download(page))
  say(name .. " is here")
  return name
end

local function tasks()
  asyncio.run(function()
    local list = {}
    for i, page in ipairs(PAGES) do list[i] = asyncio.create_task(coro(fetch, page), {name = "fetch " .. page.name}) end
    await(asyncio.sleep(0))  -- lets them begin
    print("       " .. tostring(list[1]))
    local names = await(asyncio.gather(table.unpack(list)))
    print("       " .. tostring(list[1]))
    say(table.concat(names, ", "))
  end)
end

local ways = {blocking = blocking, callbacks = callbacks, futures = futures, tasks = tasks}
if not ways[way] then error("blocking, callbacks, futures or tasks, not " .. way, 0) end
ways[way]()
say "end"
