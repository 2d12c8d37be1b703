-- string.pack, packsize, unpack (Lua manual §6.4.2).
local function try(f, ...) print(pcall(f, ...)) end
local function hex(s) return (s:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
for _, order in ipairs {"<", ">", "=", "!", "<!4", ">!8", "!1", "!2 <"} do
  for _, option in ipairs {"b", "B", "h", "H", "i", "I", "l", "L", "j", "J", "T", "f", "d", "n", "i1", "i2", "i3", "i5", "i7", "i8", "i9", "i16", "I1", "I3", "I16"} do
    local format = order .. option
    local line = {format, tostring(select(2, pcall(string.packsize, format))), tostring(select(2, pcall(string.packsize, "b" .. format .. "b")))}
    for _, v in ipairs {0, 1, -1, 127, -128, 255, 256, 32767, 1 << 31, math.maxinteger, math.mininteger, 1.5, 2.0, "3", "x"} do
      local ok, packed = pcall(string.pack, format, v)
      if ok then
        local l = table.pack(pcall(string.unpack, format, packed))
        line[#line + 1] = hex(packed) .. ":" .. tostring(l[2]) .. ":" .. tostring(l[3])
      else
        line[#line + 1] = packed
      end
    end
    print(table.concat(line, " "))
  end
end
for _, c in ipairs {{"z", "text"}, {"z", "a\0b"}, {"s", "text"}, {"s1", "text"}, {"s1", ("x"):rep(256)}, {"s2", "x"}, {"s8", "x"}, {"s16", "x"}, {"c5", "text"}, {"c4", "text"}, {"c3", "text"}, {"c0", ""}, {"c", "x"}, {"x"}, {"xx"}, {"b x b", 1, 2}, {"!4 b Xi4 i4", 1, 2}, {"Xb"}, {"X"}, {"Xz"}, {"!8 b Xd d", 1, 2.5}, {"!16 b Xi16", 1}, {"!3 i4", 1}, {"!17 b", 1}, {"!0 b", 1}, {"i0", 1}, {"i17", 1}, {"I99", 1}, {"s0", ""}, {"s17", ""}, {"q", 1}, {"b"}, {"b", nil}, {"b", {}}, {"d", "x"}, {"d", "0x10"}, {"z", 5}, {"s", 5.5}, {" < b > h = i ", 1, 2, 3}, {"", 1}, {"i2147483648", 1}, {"c2147483648", "x"}, {"c99999999999", "x"}, {"!", 1}, {"<!2 i8 b i2", 1, 2, 3}, {"<i3 !4 i4", 1, 2}, {"!4 i3 i4", 1, 2}, {"j n z s", 1, 2, "z", "s"}, {"B", 256}, {"b", 128}, {"b", -129}, {"I2", -1}, {"h", 32768}, {"f", 1e300}, {"f", 0.1}, {"\0", 1}, {"i-1", 1}} do
  local ok, packed = pcall(string.pack, table.unpack(c, 1, 10))
  print(c[1], ok, ok and hex(packed) or packed, pcall(string.packsize, c[1]))
  if ok then print(pcall(string.unpack, c[1], packed)) print(pcall(string.unpack, c[1], packed .. "rest")) print(pcall(string.unpack, c[1], packed:sub(1, -2))) print(pcall(string.unpack, c[1], "x" .. packed, 2)) end
end
for position = -6, 6 do try(string.unpack, "b", "abcd", position) try(string.unpack, "z", "ab\0cd", position) try(string.unpack, "<h", "abcd", position) try(string.unpack, "", "abcd", position) end
try(string.unpack, "b", "") try(string.unpack, "z", "no end") try(string.unpack, "s1", "\5abc") try(string.unpack, "i16", ("\xff"):rep(16)) try(string.unpack, "i16", ("\x7f"):rep(16)) try(string.unpack, "<I9", ("\0"):rep(8) .. "\1") try(string.unpack, "<i9", ("\xff"):rep(9)) try(string.unpack, "b", "x", math.maxinteger) try(string.unpack, "b", "x", math.mininteger) try(string.unpack, "b", "x", 1.5) try(string.unpack, "b") try(string.unpack, "b", {}) try(string.unpack) try(string.unpack, {}, "x") try(string.pack) try(string.pack, {}) try(string.packsize) try(string.packsize, "z") try(string.packsize, "s") try(string.packsize, "b s1") try(string.packsize, "c2147483647 c1") try(string.packsize, "c1000000000 c1000000000 c1000000000") try(string.packsize, "i4 i8 d !8 b d")
print(string.unpack("<i2 >i2 =i2", string.pack("<i2 >i2 =i2", 1, 2, 3))) print(string.unpack("bbb", "\1\2\3")) print(#string.pack(("i"):rep(200), table.unpack((function() local t = {} for i = 1, 200 do t[i] = i end return t end)())))
