-- require and the package library (Lua manual §6.3).
local folder = os.tmpname() os.remove(folder) os.execute("mkdir " .. folder)
local function print(...)
  local list = table.pack(...)
  for i = 1, list.n do list[i] = tostring(list[i]):gsub("0x%x+", "ADDRESS"):gsub(folder, "FOLDER", nil) end
  io.write(table.concat(list, "\t"), "\n")
end
local function try(f, ...) print(pcall(f, ...)) end
local function write(name, text) local f = assert(io.open(folder .. "/" .. name, "w")) f:write(text) f:close() end
package.path = folder .. "/?.lua;" .. folder .. "/?/init.lua" package.cpath = folder .. "/?.so"
write("plain.lua", "return {name = ..., file = select(2, ...)}") write("nothing.lua", "loads = (loads or 0) + 1") write("isfalse.lua", "return false") write("isnil.lua", "return nil") write("broken.lua", "return +") write("failing.lua", "error('failing')") write("failing_table.lua", "error({})") write("sets.lua", "package.loaded[...] = 'set by itself'") write("number.lua", "return 5") write("several.lua", "return 1, 2, 3") os.execute("mkdir " .. folder .. "/sub " .. folder .. "/pack") write("sub/inner.lua", "return ...") write("pack/init.lua", "return 'init of ' .. ...") write("cycle1.lua", "local ok, m = pcall(require, 'cycle2') return m") write("cycle2.lua", "return package.loaded.cycle1 == nil and 'second'")
local p, where = require "plain" print(p.name, p.file, where) print(select("#", require "plain"), require "plain" == p, package.loaded.plain == p)
print(require "nothing") print(require "nothing", loads) print(package.loaded.nothing) print(require "isfalse") print(package.loaded.isfalse, require "isfalse") print(require "isnil") print(require "sets") print(require "number") print(require "several") print(require "sub.inner") print(require "pack") print(require "cycle1")
try(require, "broken") try(require, "failing") try(require, "failing_table") try(require, "does.not.exist") try(require, "") try(require) try(require, {}) try(require, 5)
print(package.loaded.failing, package.loaded.broken)
package.preload.mine = function(...) print("loading", ...) return "preloaded" end print(require "mine") print(require "mine") package.preload.mine = nil print(require "mine")
package.preload.wrong = 5 try(require, "wrong") package.preload.wrong = nil
print(package.searchpath("plain", package.path)) print(package.searchpath("sub.inner", package.path)) print(package.searchpath("absent", "./?.x;./?/y")) print(package.searchpath("a.b", "?", ".", "/")) print(package.searchpath("a-b", "./?.q", "-", "+")) print(package.searchpath("a.b", "./?;;/?", "")) print(package.searchpath("x", "")) print(package.searchpath("x", ";")) print(package.searchpath("a.b", "?;?", ".", "")) print(package.searchpath("a.b", "./?", ".b", "c"))
try(package.searchpath) try(package.searchpath, "x") try(package.searchpath, "x", {}) try(package.searchpath, "x", "y", {}) try(package.searchpath, {}, "y")
local path = package.path package.path = nil try(require, "plain2") package.path = 5 try(require, "plain2") package.path = {} try(require, "plain2") package.path = "" try(require, "plain2") package.path = path
local cpath = package.cpath package.cpath = nil try(require, "plain2") package.cpath = cpath
local searchers = package.searchers print(#searchers, type(searchers[1])) package.searchers = nil try(require, "plain2") package.searchers = {} try(require, "plain2") package.searchers = {function(name) return nil end} try(require, "plain2") package.searchers = {function(name) return "\n\tmy message for " .. name end, function() return false end, function() return "\n\tsecond" end} try(require, "plain2") package.searchers = {function(name) return function(...) print("loader", ...) return "result" end, "data" end} print(require "found") package.searchers = {function(name) return function(...) print("loader", ...) end end} print(require "found2") package.searchers = {function() error("searcher failed") end} try(require, "plain2") package.searchers = {5} try(require, "plain2") package.searchers = {function() return 5 end} try(require, "plain2") package.searchers = searchers
for i = 1, 2 do print(pcall(searchers[i], "absent")) print(pcall(searchers[i])) end print(searchers[2]("plain")) try(searchers[2], "broken") package.preload.q = print print(searchers[1]("q"))
print(package.config) print(package.loaded == package.loaded, package.loaded._G == _G, package.loaded.string == string, package.loaded.package == package) local loaded = package.loaded package.loaded = {} print(require "plain" == p) package.loaded = loaded
local names = {} for n in pairs(package) do names[#names + 1] = n end table.sort(names) print(table.concat(names, " "))
local ok = {} for _, n in ipairs {"string", "table", "math", "io", "os", "utf8", "debug", "package", "_G"} do ok[#ok + 1] = tostring(package.loaded[n] ~= nil) end print(table.concat(ok, " "))
print((package.loadlib("/no/such/lib.so", "f"))) try(package.loadlib, "x") try(package.loadlib) os.execute("rm -r " .. folder)
