-- Positions are those of the line that failed, also in expressions and calls over several lines.
local function fails(f, ...) print(select(2, pcall(f, ...))) end
fails(function()
  local x
  local y = 1 +
    x
  return y
end)
fails(function()
  local t = {}
  t.a
    .b
    .c = 1
end)
fails(function()
  undefined(
    1,
    2
  )
end)
fails(function()
  return "a" ..
    "b" ..
    {}
end)
fails(function(a)
  if a == 1 then
    return
  elseif a < {} then
    return
  end
end, 2)
fails(function()
  for i = 1, 2 do
    local z = i
    if z == 2 then error("second") end
  end
end)
fails(function() string.rep() end)
fails(function() ("x"):rep({}) end)
fails(function() ("x"):bad() end)
