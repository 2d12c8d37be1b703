-- Constructors that are stored in several lists, and those that end in an open one.
local function items(count, item)
  local parts = {}
  for i = 1, count do parts[i] = item and item(i) or tostring(i) end
  return table.concat(parts, ",")
end
local function check(t, count, item)
  for i = 1, count do
    if t[i] ~= (item and item(i) or i) then return i end
  end
  local total = 0
  for _ in pairs(t) do total = total + 1 end
  return total == count and #t == count and t[count + 1] == nil and t[0] == nil
end
for _, count in ipairs { 0, 1, 49, 50, 51, 99, 100, 101, 255, 256, 257, 12800, 12801, 65535, 65536, 65586, 70001, 131100 } do
  print(count, check(load("return {" .. items(count) .. "}")(), count))
end
-- Of other kinds: beyond 51 bits, floats, texts, tables that are made in between.
local wide = load("return {" .. items(120, function(i) return ("%d"):format((1 << 60) + i) end) .. "}")()
print(check(wide, 120, function(i) return (1 << 60) + i end))
local texts = load("return {" .. items(120, function(i) return ("%q"):format("item " .. i) end) .. "}")()
print(check(texts, 120, function(i) return "item " .. i end))
local nested = load("return {" .. items(120, function(i) return "{" .. i .. ",{" .. i .. "}}" end) .. "}")()
print(nested[1][1], nested[50][2][1], nested[51][2][1], nested[120][1], #nested)
-- Fields among the items, and nil as the items around the ends of lists.
local mixed = load("return {" .. items(101, function(i) return "[" .. 1000 + i .. "]=" .. i .. ",x" .. i .. "=" .. i .. "," .. i end) .. "}")()
print(#mixed, mixed[50], mixed[51], mixed[101], mixed.x50, mixed[1101], mixed[102])
local holes = load("return {" .. items(120, function(i) return (i % 50 == 0 or i % 50 == 1) and "nil" or tostring(i) end) .. "}")()
print(holes[1], holes[2], holes[49], holes[50], holes[51], holes[52], holes[99], holes[100], holes[101], holes[120])
-- An explicit key that an item replaces.
print(({ [1] = "key", "item" })[1], ({ "item", [1] = "key" })[1])
-- Open lists, after no, some, and exactly one list's items.
local source = table.pack(table.unpack({}, 1, 3))
print(source.n)
local function open(before, after)
  local f = load("return function(...) return {" .. items(before) .. (before > 0 and "," or "") .. "...} end")()
  local values = {}
  for i = 1, after do values[i] = before + i end
  return check(f(table.unpack(values)), before + after)
end
for _, before in ipairs { 0, 1, 49, 50, 51, 100, 255, 256, 300 } do
  for _, after in ipairs { 0, 1, 2, 50, 51, 255, 256, 1000, 70000 } do
    local right = open(before, after)
    if right ~= true then print("open", before, after, right) end
  end
end
local function three() return 1, nil, 3 end
print(#{ three(), three() }, select("#", table.unpack({ three(), (three()) })), ({ (three()) })[2], ({ three(), nil })[1])
print(#{ pcall(error) }, #{ coroutine.wrap(function() return 1, 2, 3 end)() }, #{ ("x"):byte(1, -1) })
