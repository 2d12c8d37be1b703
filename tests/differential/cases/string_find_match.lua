-- find and match: positions, captures, anchors, classes, plain search, start positions.
print(("hello world"):find("wor"), ("hello"):find("l"), ("hello"):find("xyz"), ("hello"):find(""), ("hello"):find("", 10))
print(("a.b"):find(".", 1, true), ("a.b"):find("%."), ("a+b"):find("+", 1, true), ("hello"):find("l", -2))
print(("key = value"):match("(%w+)%s*=%s*(%w+)"), ("2024-05-06"):match("(%d+)-(%d+)-(%d+)"))
print(("  trim  "):match("^%s*(.-)%s*$") .. "|", ("abc"):match("^b"), ("abc"):match("()b()"), ("[[x]]"):match("%[%[(.-)%]%]"))
print(("f(a(b)c)d"):match("%b()"), ("THE (quick) fox"):find("%((%a+)%)"), ("hello"):match(".-(l+)(.*)"))
print(("abc123"):match("%a+"), ("abc123"):match("%d+$"), ("x"):match("y?x"), ("aaa"):match("a-"), ("aaa"):match("a-$"))
print(("THE (quick) fox"):find("%f[%a]%a+%f[%A]", 5), ("a-b"):match("[%w-]+"), ("a]b"):match("[]]"), ("a^b"):match("[b^]"))
print(pcall(string.find, "a", "(")) print(pcall(string.find, "a", "%")) print(pcall(string.match, "a", "[a")) print(pcall(string.match, "a", "%1"))
