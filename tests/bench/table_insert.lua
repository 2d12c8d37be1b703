-- Arrays that grow and shrink: table.insert, table.remove, t[#t + 1], insertion at the front.
local size = tonumber((...)) or 500000

local checksum = 0

local function run(offset)
  local appended = {}
  for i = 1, size do appended[#appended + 1] = (i + offset) % 1009 end

  local inserted = {}
  for i = 1, size do table.insert(inserted, appended[i] + 1) end
  for _ = 1, size / 2 do checksum = (checksum + table.remove(inserted)) % 1000003 end

  -- A short queue: each insertion at the front moves every element.
  local queue = {}
  for i = 1, size / 20 do
    table.insert(queue, 1, i)
    if #queue > 30 then checksum = (checksum * 7 + table.remove(queue)) % 1000003 end
  end
  return #appended + #inserted + #queue
end

-- Repeated, rather than one larger array: memory bandwidth would hide the interpreter.
local lengths = 0
for repetition = 1, 12 do lengths = lengths + run(repetition) end
print(lengths, checksum)
