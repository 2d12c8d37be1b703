-- sub, byte, char, rep, reverse, upper, lower, len at their edges.
local s = "hello"
print(s:sub(2), s:sub(-3), s:sub(2, -2), s:sub(0), s:sub(10), s:sub(-100, 2), s:sub(3, 2), s:sub(math.mininteger, math.maxinteger), s:sub(2.0, 3.0))
print(s:byte(), s:byte(-1), s:byte(10), s:byte(1, 3), ("").byte(""))
print(string.char(), string.char(72, 105), ("x"):rep(0), ("x"):rep(-1), ("ab"):rep(3, "-"), ("ab"):rep(1, "-"))
print(s:reverse(), s:upper(), ("ÄB"):lower(), #"a\0b", ("a\0b"):len(), "\65\x42\u{43}\z
   end")
print("a\tb\\n", 'single "double"', [[long
string]], [==[with ]] inside]==])
print(s:len(), #s, s == "hel" .. "lo", "a" < "b", "Z" < "a", "" == "")
