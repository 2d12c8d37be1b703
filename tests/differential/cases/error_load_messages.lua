-- load gives nil and the message, with the chunk's name and line.
print(load("x ="))  print(load("x = 1 +\n\n* 2")) print(load("for")) print(load("local x <const> = 1; x = 2"))
print(load("return 'abc")) print(load("return [[abc")) print(load("x = }", "=name")) print(load("x = }", "@file.lua"))
print(load("return '\\q'")) print(load("return 1e")) print(load("local t = {1, 2")) print(load("a.b:c = 1")) print(load("f() = 1"))
print(load("local x <close>, y <close> = 1, 2")) print(load("local x <other> = 1")) print(type(load("return ...")))
