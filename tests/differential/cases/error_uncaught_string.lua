-- An error that nobody catches: message on standard error, exit status 1, what was printed before stays.
print("before")
local function inner() error("nobody catches this") end
inner()
