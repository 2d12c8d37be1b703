-- continue, nested break, backward loops, leaving two loops, labels in separate blocks with one name.
for i = 1, 5 do
  if i % 2 == 0 then goto continue end
  io.write(i, " ")
  ::continue::
end
print()
for i = 1, 3 do
  for j = 1, 3 do
    if j == 2 then goto next_i end
    if i == 3 then goto finished end
    io.write(i, ":", j, " ")
  end
  ::next_i::
end
::finished::
print()
do local i = 1 ::top:: if i <= 3 then io.write(i, " ") i = i + 1 goto top end print() end
do goto same ::same:: end
do goto same ::same:: end
print(load("goto nowhere"))
print(load("do local x ::l:: end goto l"))
print(load("goto l; local x; ::l:: print(x)"))
print(load("::a:: ::a::"))
print(load("break"))
print(load("repeat goto c; local x; ::c:: until x"))
