-- Random patterns on random subjects: find, match, gmatch and gsub give what lua5.4 gives.
math.randomseed(20240101)
local random = math.random
local characters = {"a", "b", "c", "x", "1", " ", ".", "(", ")", "-", "%", "A", "_", "\0", "\xe9"}
local items = {"a", "b", "c", "x", "1", " ", ".", "%a", "%d", "%s", "%w", "%p", "%u", "%A", "%W", "[ab]", "[^ab]", "[a-c]", "[%w_]", "[^%s]", "%.", "%(", "%)", "%%", "[]]", "[^]x]", "[a%-c]", "[x-]", "\0", "\xe9", "%z"}
local quantifiers = {"", "", "", "", "*", "+", "-", "?"}
local function pattern()
  local parts, open, captures = {}, 0, 0
  if random(8) == 1 then parts[1] = "^" end
  for _ = 1, random(0, 6) do
    local kind = random(20)
    if kind == 1 then
      parts[#parts + 1] = "()"
      captures = captures + 1
    elseif kind <= 4 then
      parts[#parts + 1] = "("
      open = open + 1
      captures = captures + 1
    elseif kind <= 7 and open > 0 then
      parts[#parts + 1] = ")"
      open = open - 1
    elseif kind == 8 then
      parts[#parts + 1] = "%b" .. characters[random(4)] .. characters[random(5)]
    elseif kind == 9 then
      parts[#parts + 1] = "%b()"
    elseif kind == 10 then
      parts[#parts + 1] = "%f" .. ({"[%w]", "[^a]", "[%z]", "[a-b]"})[random(4)]
    elseif kind == 11 and captures > 0 then
      parts[#parts + 1] = "%" .. random(captures)
    elseif kind == 12 and random(6) == 1 then
      parts[#parts + 1] = ({"%", "[", "[^", "[a-", "%f", "%b", ")", "(", "$", "^", "*", "-", "[%"})[random(13)]
    else
      parts[#parts + 1] = items[random(#items)] .. quantifiers[random(#quantifiers)]
    end
  end
  if random(10) > 1 then parts[#parts + 1] = (")"):rep(open) end
  if random(8) == 1 then parts[#parts + 1] = "$" end
  return table.concat(parts)
end
local function subject()
  local parts = {}
  for i = 1, random(0, 12) do parts[i] = characters[random(#characters)] end
  return table.concat(parts)
end
local function show(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]) end
  return table.concat(list, ",")
end
for _ = 1, 15000 do
  local p = pattern()
  for _ = 1, 2 do
    local s, init = subject(), random(-4, 6)
    local all = {}
    local ok, message = pcall(function() for a, b, c in s:gmatch(p, init) do all[#all + 1] = show(a, b, c) end end)
    print((("%q"):format(p .. " " .. s):gsub("\n", " ")), show(pcall(string.find, s, p, init)), show(pcall(string.match, s, p, init)),
      table.concat(all, ";"), ok, message, show(pcall(string.gsub, s, p, "[%0|%1]", random(0, 5))), show(pcall(string.gsub, s, p, function(a, b) if a == "a" then return nil end return show(b, a) end)))
  end
end
