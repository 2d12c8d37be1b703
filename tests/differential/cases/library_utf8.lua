-- The utf8 library (Lua manual §6.5): strict and lax, positions, messages.
local function print(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]):gsub("0x%x+", "ADDRESS") end
  io.write(table.concat(list, "\t"), "\n")
end
local function try(f, ...) print(pcall(f, ...)) end
for _, name in ipairs {"char", "codepoint", "codes", "len", "offset"} do try(utf8[name]) try(utf8[name], {}) try(utf8[name], "x", {}) try(utf8[name], "x", 1, {}) try(utf8[name], nil) end
local strings = {"", "a", "é", "日本語", "aé日𝄞", "\u{7FFFFFFF}", "\u{D800}", "\u{110000}", "\xff", "a\x80", "\xC0\x80", "\xE0\x80\x80", "\xF0\x80\x80\x80", "ab\xE6\x97", "\0a\0", "\u{10FFFF}", "\xF4\x90\x80\x80", "\xED\xA0\x80", "\xFE\xBF\xBF\xBF\xBF\xBF\xBF", "\xFF\xBF\xBF\xBF\xBF\xBF\xBF\xBF\xBF", "\xFF\x80\x80\x80\x80\x80\x80\x80"}
for index, s in ipairs(strings) do
  try(utf8.len, s) try(utf8.len, s, 1, -1, true) try(utf8.codepoint, s, 1, -1) try(utf8.codepoint, s, 1, -1, true)
  for i = -5, 5 do
    try(utf8.len, s, i) try(utf8.len, s, 1, i) try(utf8.codepoint, s, i) try(utf8.offset, s, i)
    for j = -2, 3 do try(utf8.offset, s, j, i) end
  end
  try(function() local parts = {} for p, c in utf8.codes(s) do parts[#parts + 1] = p .. ":" .. c end return table.concat(parts, " ") end)
  try(function() local parts = {} for p, c in utf8.codes(s, true) do parts[#parts + 1] = p .. ":" .. c end return table.concat(parts, " ") end)
  local parts = {} for c in s:gmatch(utf8.charpattern) do parts[#parts + 1] = #c end print(table.concat(parts, " "))
end
print(utf8.char(), utf8.char(72, 228, 26085, 0x1D11E), utf8.char(0), utf8.char(0x7FFFFFFF):byte(1, -1)) print(utf8.char(0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x1FFFFF, 0x200000, 0x3FFFFFF, 0x4000000):byte(1, -1))
try(utf8.char, -1) try(utf8.char, 0x80000000) try(utf8.char, 1.5) try(utf8.char, "65") try(utf8.char, "x") try(utf8.char, {}) try(utf8.char, 65, -1)
print(utf8.charpattern == "[\0-\x7F\xC2-\xFD][\x80-\xBF]*", #utf8.charpattern)
try(utf8.codepoint, "abc", 4) try(utf8.codepoint, "abc", 1, 4) try(utf8.codepoint, "abc", 0) try(utf8.codepoint, "abc", 3, 2) try(utf8.codepoint, "", 1) try(utf8.codepoint, "é", 2) try(utf8.offset, "é", 1, 2) try(utf8.offset, "abc", 1, 5) try(utf8.offset, "abc", 1, -4) try(utf8.offset, "abc", 5) try(utf8.offset, "abc", 4) try(utf8.offset, "abc", -3) try(utf8.offset, "abc", -4) try(utf8.len, "abc", 5) try(utf8.len, "abc", 4) try(utf8.len, "abc", 1, 4) try(utf8.len, "abc", 3, 1) try(utf8.len, "abc", 0)
local f, s, c = utf8.codes("ab") print(type(f), s, c, f(s, 0), f(s, 1), f(s, 2)) try(f, "ab", "x") try(f, {}, 0) try(f, "é", 1) try(f, "ab", 5) try(f, "ab", -1)
print(utf8.codepoint("héllo", 1, -1)) print(#utf8.char(table.unpack((function() local t = {} for i = 1, 200 do t[i] = i * 37 end return t end)())))
