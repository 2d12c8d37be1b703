-- Exercise of the lesson cpu_bound.
-- Run: gilvm run docs/lessons/exercises/cpu_bound.lua
--
-- sum(f, n, parts) returns f(1) + f(2) + ... + f(n). It is to be computed in `parts` processes, each of which does a
-- part of about the same size, all at the same time. A process cannot store its sum where the parent sees it; a file
-- can carry it: os.tmpname(), io.open(name, "w"), file:write(number), file:read("n").
-- Change sum() only. You are done when the script prints "solved".
local Process = require("multiprocessing").Process

local function sum(f, n, parts)
  local total = 0
  for k = 1, n do total = total + f(k) end
  return total
end

-- The check: f knows in which process it is called, and notes it in a file.
local N, PARTS = 20000, 4
local parent = os.getpid()
local notes = os.tmpname()
local function square(k)
  if k % 100 == 0 then
    local file <close> = assert(io.open(notes, "a"))
    file:write(os.getpid(), "\n")
  end
  return k * k
end

local result = sum(square, N, PARTS)
local calls, processes, in_parent = {}, 0, false
for pid in io.lines(notes) do
  if not calls[pid] then processes = processes + 1 end
  calls[pid] = (calls[pid] or 0) + 1
  in_parent = in_parent or tonumber(pid) == parent
end
os.remove(notes)
assert(result == N * (N + 1) * (2 * N + 1) // 6, "the sum is wrong: " .. tostring(result))
assert(not in_parent, "f was called in the parent")
assert(processes == PARTS, PARTS .. " processes are to compute, and " .. processes .. " did")
for _, count in pairs(calls) do
  assert(math.abs(count - N / 100 / PARTS) <= 2, "a process did " .. count * 100 .. " numbers, and 5000 are its part")
end
print "solved"
