-- Exercise of the lesson deadlock.
-- Run: gilvm run docs/lessons/exercises/deadlock.lua
--
-- transfer(from, to, amount) moves money between two accounts, and holds the locks of both meanwhile, so that nobody
-- can look at them in between. Change it so that transfers in both directions never wait for each other for ever.
-- Change transfer() only. You are done when the script prints "solved".
local threading = require "threading"
local time = require "time"

local accounts = {}
for number = 1, 3 do accounts[number] = {number = number, lock = threading.Lock(), balance = 100} end

local function transfer(from, to, amount)
  local one <close> = from.lock:hold()
  local other <close> = to.lock:hold()
  from.balance = from.balance - amount
  time.sleep(0.001)  -- the bank's computer is slow
  to.balance = to.balance + amount
end

-- The check: transfers in every direction, and a look at all accounts at once.
local function total()
  local first <close> = accounts[1].lock:hold()
  local second <close> = accounts[2].lock:hold()
  local third <close> = accounts[3].lock:hold()
  return accounts[1].balance + accounts[2].balance + accounts[3].balance
end

local threads = {}
for _, pair in ipairs{{1, 2}, {2, 1}, {2, 3}, {3, 2}, {1, 3}, {3, 1}} do
  local thread = threading.Thread{target = function()
    for _ = 1, 50 do transfer(accounts[pair[1]], accounts[pair[2]], 1) end
  end}
  threads[#threads + 1] = thread
  thread:start()
end
for _ = 1, 50 do
  local sum = total()
  assert(sum == 300, "somebody saw " .. sum .. " in the bank instead of 300")
  time.sleep(0.001)
end
for _, thread in ipairs(threads) do thread:join() end
assert(total() == 300, "there are " .. total() .. " in the bank instead of 300")
print "solved"
