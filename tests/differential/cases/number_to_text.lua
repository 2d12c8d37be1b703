-- tostring and %.14g: integers, floats that look like integers, exponents, infinities.
print(1, 1.0, -0.0, 0.0, 1e15, 1e14, 123456789012345.0, 1e16, 1e100, 2^53, 2^63, -2^63)
print(0.1, 1/3, 100 / 3, 3.14159265358979, 1e-5, 1e-4, 123.456, 5e-324, 1.7976931348623157e308)
print(math.huge, -math.huge, 1e15 + 0.5, 2^24, 1e300 * 1e10, 3.0 == 3, 10 / 2, 7 // 2.0, 2^2, 10 // 3)
print(math.maxinteger, math.mininteger, math.pi, -math.pi, 255 // 1, 1e2)
print(tostring(1e15), tostring(-1e15), 1e15 .. "", 12345678901234567890)
print(string.format("%.14g %g %.3f %5.1f %e %a", 0.1, 1e20, 2/3, 3.14159, 12345.678, 0.5))
print(string.format("%d %5d %-5d| %05d %x %X %o %c %i", 3.0, 42, 42, 42, 255, 255, 8, 65, 7))
