-- gsub with a string, a table, a function, a limit; gmatch with and without captures.
print(("hello"):gsub("l", "L"), ("hello"):gsub("l", "L", 1), ("hello"):gsub("", "-"), ("abc"):gsub("%w", "%0%0"))
print(("hello world"):gsub("(%w+) (%w+)", "%2 %1"), ("abc"):gsub("b", "%%"), ("x = $y"):gsub("%$(%w+)", { y = "value" }))
print(("abc"):gsub("%w", { a = 1, b = false, c = "see" }), ("abc"):gsub("%w", function(c) if c ~= "b" then return c:upper() end end))
print(("a b c"):gsub("%w", function(c) return nil end), (("x"):gsub("x", "y")))
for word in ("one two  three"):gmatch("%a+") do io.write(word, ";") end print()
for key, value in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do io.write(key, "->", value, ";") end print()
for position in ("abc"):gmatch("()") do io.write(position, ";") end print()
print(pcall(string.gsub, "a", "a", "%2")) print(pcall(string.gsub, "a", "a", true)) print(pcall(string.gsub, "a", "a", function() return {} end))
local count = 0
local kept = {}
for c in ("xyz"):gmatch(".") do count = count + 1 kept[count] = function() c = c .. count return c end end
print(kept[1](), kept[2](), kept[3](), kept[1]())
