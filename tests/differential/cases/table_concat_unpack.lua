-- concat and unpack: separators, ranges, numbers, errors.
print(table.concat({}), table.concat({ 1, 2.5, "x" }), table.concat({ 1, 2, 3 }, ", "), table.concat({ 1, 2, 3 }, "-", 2), table.concat({ 1, 2, 3 }, "-", 2, 2), table.concat({ 1 }, "x", 2, 1) .. "|")
print(pcall(table.concat, { 1, nil, 3 }, ",", 1, 3)) print(pcall(table.concat, { true }))
print(table.unpack({ 1, 2, 3 }, -1, 1)) print((table.unpack({ 1, 2 }))) print(select("#", table.unpack({}, 1, 0)), select("#", table.unpack({ n = 3 }, 1, 3)))
print(pcall(table.unpack, {}, 1, 10000000))
print(table.pack().n, table.pack(nil).n, #table.pack(1, 2))
