-- A bank with two accounts. Every worker moves 1 from one account to the other, N times; the odd ones from Ana to Bia, the
-- even ones from Bia to Ana. No money comes in and none goes out. How much is there at the end?
--
--   gilvm run scripts/gil_is_not_your_lock.lua plain [N]       a transfer is two statements
--   gilvm run scripts/gil_is_not_your_lock.lua functions [N]   the same with two small functions of our own
--   gilvm run scripts/gil_is_not_your_lock.lua locked [N]      the same under a lock of our own
local threading = require "threading"

local way = arg[1] or "plain"
local N = tonumber(arg[2]) or 1000000

local function balance_of(name) return balances[name] end
local function set_balance(name, amount) balances[name] = amount end

local ways = {}

function ways.plain(from, to)
  for _ = 1, N do
    balances[from] = balances[from] - 1
    balances[to] = balances[to] + 1
  end
end

function ways.functions(from, to)
  for _ = 1, N do
    set_balance(from, balance_of(from) - 1)
    set_balance(to, balance_of(to) + 1)
  end
end

function ways.locked(from, to)
  for _ = 1, N do
    local held <close> = lock:hold()  -- Python: with lock:
    set_balance(from, balance_of(from) - 1)
    set_balance(to, balance_of(to) + 1)
  end
end

local transfers = ways[way] or error("plain, functions or locked, not " .. way, 0)

return experiment {
  name    = "gil_is_not_your_lock " .. way,
  setup   = function() balances, lock = {Ana = 1000000, Bia = 1000000}, threading.Lock() end,
  worker  = function(i)
    if i % 2 == 1 then transfers("Ana", "Bia") else transfers("Bia", "Ana") end
  end,
  observe = function() return balances.Ana + balances.Bia end,
  expect  = function() return 2000000 end,
}
