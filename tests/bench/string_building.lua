-- Building and taking apart strings: .., table.concat, string.format, tostring, sub, byte.
local size = tonumber((...)) or 1000000

local parts, bytes, matches = {}, 0, 0
local text = ""
for i = 1, size do
  local piece = "item" .. i .. ";"
  parts[#parts + 1] = piece
  bytes = (bytes * 31 + piece:byte(-2) + #piece) % 1000003
  if piece:sub(5, 5) == "7" then matches = matches + 1 end
  -- A growing string, cut back before it dominates the run.
  text = text .. tostring(i % 10)
  if #text > 200 then text = text:sub(-20) end
  if i % 4 == 0 then
    bytes = (bytes + #string.format("%05d|%s|%x", i, text, i)) % 1000003
  end
  if #parts == 1000 then
    local joined = table.concat(parts, ",")
    bytes = (bytes + #joined + joined:byte(i % #joined + 1)) % 1000003
    parts = {}
  end
end
print(bytes, matches, text)
