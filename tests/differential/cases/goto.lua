-- goto and labels (manual §3.3.4): where a jump may go, and what locals and closures are after it.
for _, body in ipairs { "goto nowhere", "do ::inside:: end goto inside", "goto inside; do ::inside:: end", "::twice:: ::twice::",
  "::twice:: do ::twice:: end", "do ::a:: end ::a::", "goto over; local x; ::over:: print(x)", "goto over; local x; ::over::",
  "goto over; local x; ::over:: ;;;", "do goto over; local x; ::over:: ; ::last:: end return 'fine'", "break", "if true then break end",
  "repeat goto continue; local x; ::continue:: until x", "repeat goto continue; local x; ::continue:: ; until true",
  "return function() goto outside end, function() ::outside:: end", "::outside:: return function() goto outside end", "goto = 1",
  "local goto", "goto 1", "::1::", ":: spaced :: do return 'spaced' end", "while true do local x <close> = nil goto out end ::out:: return 'out'",
  "for i = 1, 2 do for j = 1, 2 do goto out end end ::out:: return 'out of both'", "do return end ::after:: return 1", "return ::label::" } do
  local f, message = load(body, "=chunk")
  print(body, f and f() or message)
end
-- A jump back makes new locals; closures keep the old ones.
local closures = {}
do
  local i = 1
  ::again::
  local x = i * 10
  closures[i] = function() x = x + 1 return x end
  i = i + 1
  if i <= 3 then goto again end
end
print(closures[1](), closures[1](), closures[2](), closures[3]())
-- A jump out closes variables, in order, with every kind of loop.
local function closing(name) return setmetatable({}, { __close = function() print("closes", name) end }) end
local turns = 0
::outside::
turns = turns + 1
for i = 1, 2 do
  local a <close> = closing("a" .. turns)
  while true do
    local b <close> = closing("b" .. turns)
    if turns < 2 then goto outside end
    goto finished
  end
end
::finished::
-- continue, in each loop.
for i = 1, 4 do if i % 2 == 0 then goto continue end io.write(i, " ") ::continue:: end
for _, v in ipairs { 1, 2, 3 } do if v == 2 then goto continue end io.write(v, " ") ::continue:: end
local n = 0
while n < 4 do n = n + 1 if n == 3 then goto continue end io.write(n, " ") ::continue:: end
repeat n = n - 1 if n == 2 then goto continue end io.write(n, " ") ::continue:: until n == 0
print()
-- A machine of states, and locals that a nested function shares across a jump.
local function machine(text)
  local at, words = 1, 0
  ::space::
  if at > #text then return words end
  if text:sub(at, at) == " " then at = at + 1 goto space end
  words = words + 1
  ::word::
  if at > #text then return words end
  if text:sub(at, at) ~= " " then at = at + 1 goto word end
  goto space
end
print(machine "  four words in all ", machine "", machine " ")
do
  local first, second
  do
    local k = 0
    ::back::
    local captured
    if k == 0 then first = function() return captured end else second = function() return captured end end
    captured = k
    k = k + 1
    if k < 2 then goto back end
  end
  print(first(), second())
end
