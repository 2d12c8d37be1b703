-- == and ~= with nil, booleans, strings and numbers as constants on either side.
local function kinds(v)
  return v == nil, v == true, v == false, v == "s", v == 1, v == 1.0, v == 1.5, v ~= nil, nil == v, "s" == v, 1 == v
end
print(kinds(nil)) print(kinds(true)) print(kinds(false)) print(kinds("s")) print(kinds(1)) print(kinds(1.0)) print(kinds(1.5)) print(kinds({})) print(kinds("1"))
local long = ("x"):rep(50)
print(long == ("x"):rep(50), ({ [long] = 1 })[("x"):rep(25) .. ("x"):rep(25)], long ~= long .. "")
local function order(v) return v < 3, v <= 3, v > 3, v >= 3, 3 < v, 3 <= v, v < 3.5, v > -100, v < 1000, 1000 < v end
print(order(2)) print(order(3)) print(order(3.5)) print(order(-math.huge)) print(order(math.maxinteger)) print(order(0/0))
