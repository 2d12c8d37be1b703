-- Two threads write a and b, in the same order, or (arg[1] is "opposite") in opposite ones: the first examples of Abdulla,
-- Aronis, Jonsson, Sagonas, "Optimal Dynamic Partial Order Reduction" (POPL 2014). Two writes of one variable
-- conflict, so a trace is told by who wrote each last: by the outcome. The same order has four traces. Opposite orders have
-- three: that each thread is overwritten where it began would be a circle.
local opposite = arg[1] == "opposite"

return experiment {
  name = "two_writes",
  setup = function() a, b = 0, 0 end,
  worker = function(i)
    if opposite and i == 2 then
      b = i
      a = i
    else
      a = i
      b = i
    end
  end,
  observe = function() return 10 * a + b end,
  expect = function() return 22 end,
}
