-- assert hands its message on untouched, a table as a table.
local object = {}
print(select(2, pcall(assert, nil, object)) == object)
print(pcall(assert, false, nil))
print(pcall(assert, false, 5))
print(select("#", pcall(assert, 1, 2, 3)))
