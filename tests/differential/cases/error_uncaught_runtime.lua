-- An uncaught runtime error names the variable and the line.
local settings = {}
print(settings.window)
print(settings.window.width)
