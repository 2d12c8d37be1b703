-- A syntax error in the script itself: reported like any error, nothing runs.
print("never printed")
local x = = 1
