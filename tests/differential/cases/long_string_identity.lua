-- Long strings are not interned: "%p" shows which operations give their operand itself and which a new string.
local function address(text) return string.format("%p", text) end
local text = ("twelve bytes"):rep(10)
local empty, number = text:sub(1, 0), 12345
-- A concatenation whose other operands are empty.
print(address(text .. "") == address(text), address("" .. text) == address(text), address(text .. empty) == address(text))
print(address("" .. text .. "") == address(text), address(text .. "" .. "") == address(text), address("" .. "" .. text) == address(text))
print(address(text .. " ") == address(text), address(" " .. text) == address(text), #("" .. text .. "" .. text))
print("" .. "" == "", number .. "" == "12345", "" .. number .. "", "" .. 1.5, empty .. empty .. empty == "")
local joined = ""
for _ = 1, 3 do joined = joined .. text end
print(joined == text:rep(3), address(joined) == address(joined .. ""))
local object = setmetatable({}, {__concat = function(left, right) return left == "" and "empty left" or right == "" and "empty right" end})
print(object .. "", "" .. object, "" .. "" .. object, object .. "" .. "")
print(pcall(function() return {} .. "" end))
print(pcall(function() return "" .. nil end))
-- gsub without a substitution, and what returns its argument.
print(address((text:gsub("@", ""))) == address(text), address((text:gsub("%w+", {}))) == address(text))
print(address((text:gsub("%w+", "%0"))) == address(text), address(select(1, text)) == address(text))
print(address(tostring(text)) == address(text), address(assert(text)) == address(text))
print(address(text:rep(1)) == address(text), address(text:upper():lower()) == address(text))
print(address(table.concat({text})) == address(text), address(("%s"):format(text)) == address(text))
