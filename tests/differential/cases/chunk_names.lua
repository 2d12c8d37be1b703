-- What a chunk's name becomes in messages and in debug.getinfo (manual §4.7 and §6.1, load).
for _, name in ipairs { "", "=", "@", "=name", "@file.lua", "text", "two\nlines", "\n", "=two\nlines", "@two\nlines",
  ("x"):rep(80), "=" .. ("x"):rep(80), "@" .. ("x"):rep(80), "@" .. ("x"):rep(58), "@" .. ("x"):rep(59), "=" .. ("x"):rep(60),
  ("y"):rep(44), ("y"):rep(45), ("y"):rep(46), "z\0after", "=z\0after" } do
  local f = load("local function inner() return debug.getinfo(1, 'S') end return inner(), error('here')", name)
  print(pcall(f))
  local info = debug.getinfo(f, "S")
  print(#info.source, info.source == name, info.short_src)
  local inner = load("return function() return debug.getinfo(1, 'S') end", name)()
  print(inner().source == name, inner().linedefined, inner().lastlinedefined)
  print(select(2, load("x =", name)))
  -- The name is part of a dumped chunk, and nested functions have it too.
  local dumped = load(string.dump(f), "another name")
  print(debug.getinfo(dumped, "S").source == info.source, debug.getinfo(dumped, "S").short_src)
  local stripped = load(string.dump(f, true), "another name")
  print(debug.getinfo(stripped, "S").source, pcall(stripped))
end
print(debug.getinfo(load("return 1"), "S").source, debug.getinfo(load(function() return nil end), "S").source)
