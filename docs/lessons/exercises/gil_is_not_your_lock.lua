-- Exercise of the lesson gil_is_not_your_lock.
-- Run: gilvm run docs/lessons/exercises/gil_is_not_your_lock.lua
--
-- Three people draw money from one account, 1 at a time, as long as there is any. Nobody may get more than there was.
-- Change `withdraw` only, with the `lock` that stands ready. You are done when the script prints "solved".
local threading = require "threading"
require("sys").setswitchinterval(0.0001)  -- the GIL changes hands often, so that a mistake shows

local balance
local lock = threading.Lock()

local function balance_now() return balance end
local function set_balance(amount) balance = amount end

-- Takes 1 from the account. False if there is nothing left.
local function withdraw()
  if balance_now() == 0 then return false end
  set_balance(balance_now() - 1)
  return true
end

-- The check: several rounds, because one may go well by good luck.
local MONEY = 200000
for round = 1, 10 do
  balance = MONEY
  local got, threads = {0, 0, 0}, {}
  for person = 1, 3 do
    threads[person] = threading.Thread{target = function()
      local mine = 0
      while mine <= MONEY and withdraw() do mine = mine + 1 end
      got[person] = mine
    end}
  end
  for _, thread in ipairs(threads) do thread:start() end
  for _, thread in ipairs(threads) do thread:join() end
  local sum = got[1] + got[2] + got[3]
  if sum ~= MONEY or balance ~= 0 then
    print(("not yet: in round %d there was %d, %d was drawn, and %d is left"):format(round, MONEY, sum, balance))
    os.exit(1)
  end
end
print "solved"
