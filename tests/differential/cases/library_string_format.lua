-- string.format (Lua manual §6.4): every conversion, flag, width and precision.
local function try(...) print(pcall(string.format, ...)) end
local numbers = {0, 1, -1, 42, -42, 255, 65535, math.maxinteger, math.mininteger, 1 << 40}
for _, conversion in ipairs {"d", "i", "x", "X", "o", "u", "c"} do
  for _, modifier in ipairs {"", "5", "-5", "05", "+", " ", "#", ".3", "10.5", "-10.5", "+.3", "#x", "20", "020", "-+5", "99", ".99", "100", "5.100", "--5", "-----5", "------5"} do
    local line = {}
    for _, n in ipairs(numbers) do
      if conversion ~= "c" or n == 42 then
        local ok, text = pcall(string.format, "%" .. modifier .. conversion, n)
        line[#line + 1] = tostring(text)
        if not ok then break end
      end
    end
    print("%" .. modifier .. conversion, table.concat(line, "|"))
  end
end
local floats = {0.0, -0.0, 1.0, -1.5, 3.14159, 1e100, 1e-100, 1 / 0, -1 / 0, 0 / 0, 2 ^ 53, 123456789.125, 0.1}
for _, conversion in ipairs {"f", "F", "e", "E", "g", "G", "a", "A"} do
  for _, modifier in ipairs {"", "10", "-10", "010", "+", " ", "#", ".0", ".3", "10.2", "-10.2", "+.1", "#.0", "20.10", ".20", ".99", ".100"} do
    local line = {}
    for _, n in ipairs(floats) do
      local ok, text = pcall(string.format, "%" .. modifier .. conversion, n)
      if n ~= n then text = tostring(text):gsub("-", "") end
      line[#line + 1] = tostring(text)
      if not ok then break end
    end
    print("%" .. modifier .. conversion, table.concat(line, "|"))
  end
end
for _, modifier in ipairs {"", "5", "-5", ".2", "5.2", "-5.2", "05", "+5", "#", " ", ".0", "99", ".99", "100"} do
  try("%" .. modifier .. "s|", "text")
  try("%" .. modifier .. "s|", "a\0b")
  try("%" .. modifier .. "s|", 12)
  try("%" .. modifier .. "q|", "text")
  try("%" .. modifier .. "c|", 97)
  try("%" .. modifier .. "p|", nil)
  try("%" .. modifier .. "p|", 1)
end
try("%s", nil) try("%s", true) try("%s") try("%d") try("%s %s", 1)
try("%s", setmetatable({}, {__tostring = function() return "TOSTRING" end}))
try("%10s|", setmetatable({}, {__tostring = function() return "ts" end}))
try("%s", setmetatable({}, {__tostring = function() return 1 end}))
try("%s", setmetatable({}, {__tostring = function() return {} end}))
try("%s", setmetatable({}, {__tostring = function() error("in tostring") end}))
print((string.format("%s", setmetatable({}, {__name = "NAME"})):gsub("0x%x+", "ADDRESS")))
try("%d", "10") try("%d", "10.0") try("%d", 10.0) try("%d", 10.5) try("%d", "x") try("%d", "10.5") try("%d", {}) try("%d", nil) try("%d", 2 ^ 63) try("%d", -2 ^ 63)
try("%f", "1.5") try("%f", "x") try("%f", {}) try("%x", -1) try("%x", 1.5) try("%c", "97") try("%c", {}) try("%c%c%c", 0, 255, 256 + 97)
try("%q", 'say "hi"\\\n\r\t\0' .. "1\0001\200") try("%q", "\1\0012\127")
try("%q", 1) try("%q", 1.5) try("%q", 0.1) try("%q", 1 / 0) try("%q", -1 / 0) try("%q", 0 / 0) try("%q", math.mininteger) try("%q", math.maxinteger) try("%q", 1e100)
try("%q", nil) try("%q", true) try("%q", false) try("%q", {}) try("%q", print) try("%q") try("%q", 2 ^ 53) try("%q", -0.0)
try("%") try("%y", 1) try("%5") try("%%") try("%5%") try("100%") try("%-") try("%.") try("%.x", 1) try("%123d", 1) try("%.123d", 1) try("%1.2.3d", 1) try("%&", 1) try("%\0", 1) try("a%\0b", 1) try("%l", 1) try("%ld", 1) try("%hd", 1) try("%n", 1) try("%m", 1)
try("%0s", "x") try("%+s", "x") try("%#d", 1) try("%#5c", 97) try("%0c", 97) try("%.3c", 97) try("%.3p", {}) try("%05p", {})
print(string.format("%p", print) == string.format("%p", print), string.format("%p", {}) ~= string.format("%p", {}), string.format("%p", 1), string.format("%p", "x") == string.format("%p", "x"))
print(string.format("%-20p|", nil), string.format("%20p|", true), string.format("%p", 1.5))
try(("%s"):rep(100, " "), table.unpack((function() local t = {} for i = 1, 100 do t[i] = i end return t end)()))
try("%s%s", "x")
try("\0%s\0", "x")
try({}) try(nil) try(12) try()
try("%d %s %g %%", 1, "two", 3.5)
try("%.20s|", ("x"):rep(30)) try("%.3s|%5.1s|", "abc", "abc") try("%s", ("x"):rep(200)) try("%120s", "x") try("%-99d|", 1) try("%.14g", 0.1) try("%.17g", 0.1) try("%5.3d|%-8.3d|%08.3d|", 7, 7, 7)
try("%a", 1) try("%.3a", 1 / 3) try("%A", 0.5) try("%20a|%-20a|", 1, 1)
try("%i", 3) try("%5i|", 3)
print(tostring(1e15), tostring(1e16), 1e14, 123456789012345.0, 0.1, 1 / 3, 1e300 * 1e10, -1e300 * 1e10, 2 ^ 63, -2 ^ 63, 1e-5, 123e-7)
