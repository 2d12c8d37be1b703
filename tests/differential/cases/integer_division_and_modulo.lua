-- // rounds to minus infinity, % has the divisor's sign, for integers and floats.
for _, a in ipairs({ 7, -7 }) do
  for _, b in ipairs({ 3, -3 }) do print(a // b, a % b, a // (b + 0.0), a % (b + 0.0), (a + 0.5) // b, (a + 0.5) % b) end
end
print(math.mininteger // -1, math.mininteger % -1, math.maxinteger // -1)
print(pcall(function() return 1 // 0 end))
print(pcall(function() return 1 % 0 end))
print(1 // 0.0, -1 // 0.0, 1.0 // 0, 5 % math.huge, -5 % math.huge, 5 % -math.huge, -5 % -math.huge)
print(0.0 % 1, -0.0 % 1, 5.5 % -2, -5.5 % 2, 1e308 % 3)
print(math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.fmod(-7.5, 2), pcall(math.fmod, 1, 0))
print(math.fmod(math.mininteger, -1), math.fmod(5, math.huge))
