-- tonumber and the reader's numerals.
for _, text in ipairs({ "10", " 10 ", "0x10", "0X1p4", "1e1", "1E+2", ".5", "5.", "0x.8", "-7", "- 7", "+7", "1_0", "", " ", "abc", "0x", "1e", "inf", "nan", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0xffffffffffffffffff", "1 2", "\t3\n", "1.5e-3" }) do
  print(("%q"):format(text), tonumber(text))
end
print(tonumber("ff", 16), tonumber("zz", 36), tonumber("8", 8), tonumber("-101", 2), tonumber("7", 8), tonumber(" 11 ", 2), tonumber("1.0", 10))
print(tonumber(nil), tonumber({}), tonumber(true), pcall(tonumber))
print(pcall(tonumber, "1", 1))
print(pcall(tonumber, 1, 10))
