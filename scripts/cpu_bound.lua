-- Four kinds of work that computes all the time, each cut into parts. Who does the parts: the main thread one after the
-- other, a thread for each, or a process for each? Which is the fastest?
--
--   gilvm run scripts/cpu_bound.lua [PARTS]           a table; 2 parts unless given
--   gilvm run scripts/cpu_bound.lua picture FILE.pgm  draws the Mandelbrot set into a file, in four processes
local time = require "time"
local Thread = require("threading").Thread
local Process = require("multiprocessing").Process

local WIDTH, HEIGHT = 420, 280

-- A row of the picture: for each point how soon z = z^2 + c leaves the circle of radius 2, as a shade of grey.
local function row_of_picture(y)
  local shades = {}
  for x = 1, WIDTH do
    local a, b = (x / WIDTH - 0.7) * 3, (y / HEIGHT - 0.5) * 2.4
    local re, im, round = 0.0, 0.0, 0
    while re * re + im * im < 4 and round < 60 do
      re, im, round = re * re - im * im + a, 2 * re * im + b, round + 1
    end
    shades[x] = string.char(255 - round * 4)
  end
  return table.concat(shades)
end

-- In how many ways can `size` queens stand on a board, the one in the first row being in `column`?
local function count_queens(size, column)
  local columns, sums, differences, ways = {}, {}, {}, 0
  local function place(row, c)
    if columns[c] or sums[row + c] or differences[row - c] then return end
    if row == size then ways = ways + 1 return end
    columns[c], sums[row + c], differences[row - c] = true, true, true
    for next_column = 1, size do place(row + 1, next_column) end
    columns[c], sums[row + c], differences[row - c] = nil, nil, nil
  end
  place(1, column)
  return ways
end

-- work(first, step) does the elements first, first + step, ... of the whole work.
local kinds = {
  {name = "text", work = function(first, step)
    for line = first, 4000, step do
      local text = ("the quick brown fox " .. line .. " jumps over the lazy dog "):rep(4)
      local words = {}
      for word in text:gmatch("%w+") do words[#words + 1] = word:upper():reverse() end
      table.sort(words)
    end
  end},
  {name = "search", work = function(first, step)
    for column = first, 11, step do count_queens(11, column) end
  end},
  {name = "numbers", work = function(first, step)
    local sum = 0.0
    for k = first, 6000000, step do sum = sum + 1 / (k * k) end
  end},
  {name = "picture", work = function(first, step)
    for y = first, HEIGHT, step do row_of_picture(y) end
  end},
}

local function in_tasks(Task)
  return function(work, parts)
    local tasks = {}
    for part = 1, parts do
      tasks[part] = Task{target = work, args = {part, parts}}
      tasks[part]:start()
    end
    for _, task in ipairs(tasks) do task:join() end
  end
end

local ways = {
  {name = "one after the other", run = function(work, parts) for part = 1, parts do work(part, parts) end end},
  {name = "threads", run = in_tasks(Thread)},
  {name = "processes", run = in_tasks(Process)},
}

local function compare(parts)
  for _, kind in ipairs(kinds) do
    local least = {}
    for _ = 1, 7 do  -- in turns, and the least of all: what else the machine does only adds to a time
      for i, way in ipairs(ways) do
        local start = time.perf_counter()
        way.run(kind.work, parts)
        least[i] = math.min(least[i] or math.huge, time.perf_counter() - start)
      end
    end
    for i, way in ipairs(ways) do
      local speedup = least[1] / least[i]
      print(string.format("%-8s %-20s %6.1f ms %5.2fx %s", i == 1 and kind.name or "", way.name, least[i] * 1000,
                          speedup, ("#"):rep(math.floor(speedup * 10 + 0.5))))
    end
  end
end

local function draw(name)
  local PARTS = 4
  in_tasks(Process)(function(part)
    -- What a process has computed must leave it to be of use: here each writes its rows into a file.
    local file <close> = assert(io.open(name .. "." .. part, "wb"))
    for y = (part - 1) * HEIGHT // PARTS + 1, part * HEIGHT // PARTS do file:write(row_of_picture(y)) end
  end, PARTS)
  local picture <close> = assert(io.open(name, "wb"))
  picture:write(string.format("P5 %d %d 255\n", WIDTH, HEIGHT))
  for part = 1, PARTS do
    local band <close> = assert(io.open(name .. "." .. part, "rb"))
    picture:write(band:read("a"))
    os.remove(name .. "." .. part)
  end
  print(name .. ": " .. WIDTH .. " times " .. HEIGHT .. " points")
end

if arg[1] == "picture" then
  draw(arg[2] or error("a file's name is missing", 0))
else
  compare(tonumber(arg[1]) or 2)
end
