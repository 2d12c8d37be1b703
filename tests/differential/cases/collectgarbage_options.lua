-- The options of collectgarbage: results, argument errors, and how memory is counted.
print(collectgarbage("incremental"), collectgarbage("generational"), collectgarbage("generational"))
print(collectgarbage("generational", 20, 100), collectgarbage("incremental", 100, 200, 10))
print(collectgarbage("setpause", 200), collectgarbage("setpause", 1000), collectgarbage("setpause", 2000))
print(collectgarbage("setpause", 403), collectgarbage("setpause"), collectgarbage("setpause", 200))
print(collectgarbage("setstepmul", 400), collectgarbage("setstepmul"), collectgarbage("setstepmul", 100))
print(collectgarbage("incremental", 0, 0, 0), collectgarbage("setpause", 200), collectgarbage("setstepmul", 100))
print(collectgarbage("stop"), collectgarbage("isrunning"), collectgarbage("restart"), collectgarbage("isrunning"))
print(collectgarbage("collect"), collectgarbage(), collectgarbage(nil), select("#", collectgarbage()))
print(math.type(collectgarbage("count")), select("#", collectgarbage("count")))
print(collectgarbage("step", 1000000))
for _, arguments in ipairs {
  { "foo" }, { {} }, { 12 }, { "step", "x" }, { "step", 1.5 }, { "generational", "x" }, { "generational", 1, "x" },
  { "incremental", {} }, { "incremental", 1, {} }, { "incremental", 1, 1, {} }, { "setpause", {} },
  { "setstepmul", "x" }, { "" }, { "collect", {} }, { "count", {} },
} do
  local ok, message = pcall(collectgarbage, table.unpack(arguments))
  print(ok, ok or message)
end
-- In a finalizer every option is refused; its arguments are looked at all the same.
local options = { "stop", "restart", "collect", "count", "step", "setpause", "setstepmul", "isrunning",
  "generational", "incremental", "nonsense" }
setmetatable({}, {
  __gc = function()
    for _, option in ipairs(options) do print(option, pcall(collectgarbage, option)) end
    print(pcall(collectgarbage, "step", "x"))
  end,
})
collectgarbage()
print(collectgarbage("isrunning"), collectgarbage("generational"))

-- What is kept counts, what is not does not, and a collection finds out.
collectgarbage()
collectgarbage("stop")
local before = collectgarbage("count")
local kept = {}
for i = 1, 1000 do kept[i] = { i } end
local with_tables = collectgarbage("count")
local text = ("x"):rep(2000000)
local with_text = collectgarbage("count")
print(with_tables - before > 40, with_text - with_tables > 1900)
text = nil
collectgarbage()
print(with_text - collectgarbage("count") > 1900)
kept = nil
collectgarbage()
print(collectgarbage("count") - before < 20)
-- While it is stopped nothing is collected.
local weak = setmetatable({ {} }, { __mode = "v" })
for i = 1, 30000 do local garbage = { i } end
print(weak[1] ~= nil, collectgarbage("count") - before > 1000)
collectgarbage("restart")
collectgarbage()
print(weak[1] ~= nil, collectgarbage("count") - before < 50)
