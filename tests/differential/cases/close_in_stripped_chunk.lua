-- The variables of a chunk without names, in messages about what cannot be closed.
local function stripped(source) return load(string.dump(load(source), true)) end
for _, source in ipairs {
  "for _ in next, {}, nil, 1 do end", "local a, b, x <close> = 1, 2, 3", "local x <close> = {}",
  "do local a = 1 end local x <close> = 1",
} do
  print(pcall(load(source, "=named")))
  print(pcall(stripped(source)))
end
