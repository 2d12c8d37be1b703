-- io.write writes a float as %.14g, without the ".0" that tostring adds; table.concat and .. go by tostring.
io.write(1, " ", 1.0, " ", -0.0, " ", 0.1, " ", 1e15, " ", 2^53, " ", 1/3, " ", 1e100, "\n")
io.write("text", 1, "\n")
print(table.concat({ 1, 1.0, 2.5 }, " "), 1.0 .. " " .. 1, 1.0, tostring(1.0))
print(pcall(io.write, {}))
