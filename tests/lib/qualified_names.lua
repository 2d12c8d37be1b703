-- Functions that pcall calls by themselves are named in full. Run by gilvm and by lua5.4: the output is the same.
print(pcall(string.rep)) print(pcall(string.char, 256)) print(pcall(string.format, "%d", {})) print(pcall(string.pack, "i4", {}))
print(pcall(table.concat, {}, {})) print(pcall(table.insert, {}, 5, 5)) print(pcall(math.floor, "x")) print(pcall(math.random, 2, 1))
print(pcall(utf8.char, -1)) print(pcall(utf8.len, "abc", 9)) print(pcall(io.open, "x", "y")) print(pcall(io.close, 3))
print(pcall(os.date, "%Ez")) print(pcall(os.getenv)) print(pcall(os.setlocale, "C", "x")) print(pcall(select, 0)) print(pcall(io.stdout.write, 5))
