// Texts that threads compute while others run: they are equal by their bytes, wherever a script can tell.
#include "tests/lib/sync_scripts.h"

namespace gilvm {

TEST_CASE("texts that two threads compute are equal, and are the same key", "[computed_texts]") {
  CHECK(run_sync(R"lua(
    local texts, keys = {false, false}, {a1 = 0, b1 = 0, [("x"):rep(41)] = 0}
    start(2, function(i)
      texts[i] = {}
      for k, how in ipairs {
        function() return "te" .. "xt" .. 1 end, function() return ("text123"):sub(1, 5) end,
        function() return (("TEXT1"):lower()) end, function() return ("%s%d"):format("text", 1) end,
        function() return (("tent1"):gsub("n", "x")) end, function() return ("<text1>"):match("<(.*)>") end,
        function() return table.concat{"tex", "t", 1} end, function() return ("1txet"):reverse() end,
        function() return string.char(0x74, 0x65, 0x78, 0x74, 0x31) end, function() return "text" .. (3 >> 1) end,
        function() return tostring(setmetatable({}, {__tostring = function() return "text" .. 1 end})) end,
      } do texts[i][k] = how() end
    end)()
    local equal, different, count = 0, 0, 0
    for _, a in ipairs(texts[1]) do
      for _, b in ipairs(texts[2]) do
        count = count + 1
        if a == b and rawequal(a, b) and not (a ~= b) and a <= b and not (a < b) then equal = equal + 1 end
        if string.format("%p", a) ~= string.format("%p", b) then different = different + 1 end
      end
      if a ~= "text1" or "text2" == a or a == "text1" .. ("y"):rep(36) then error(a) end
    end
    local key
    start(1, function(i)
      for _, name in ipairs {"a", "b", "c"} do
        local text = name .. 1
        if keys[text] then keys[text] = keys[text] + 1 end
        rawset(keys, text, rawget(keys, text) or 100)
      end
      key = ("x"):rep(41)
    end)()
    local names = {}
    for name, value in pairs(keys) do names[#names + 1] = #name == 41 and "long" or name .. "=" .. value end
    table.sort(names)
    return count .. " " .. equal .. " " .. different .. " " .. table.concat(names, " ") .. " " .. keys[key]
           .. " " .. next({[names[1]] = true}, nil) .. " " .. (#tostring(next(keys, "a" .. 1)) > 0 and "next" or "")
  )lua") == "121 121 0 a1=1 b1=1 c1=100 long 0 a1=1 next");
}

TEST_CASE("what a thread computes is a field, a method, a mode and an event as much as a name in the text",
          "[computed_texts]") {
  CHECK(run_sync(R"lua(
    local said = {}
    start(1, function()
      local object = {["fi" .. "eld" .. 1] = "field"}
      object["me" .. ("thod"):lower()] = function(self, text) return self["field" .. 1] .. text end
      local meta = {["__in" .. ("dex"):lower()] = {inherited = "inherited"}, [("__NAME"):lower()] = "thing"}
      setmetatable(object, meta)
      said[1] = object.field1 .. object:method("!") .. object["inheri" .. ("ted"):lower()] .. object.inherited
      local weak = setmetatable({}, {["__mo" .. ("de"):lower()] = ("V"):lower()})
      weak[1] = {}
      collectgarbage()
      said[2] = #weak
      local _ENV = {[("X"):lower() .. 1] = "global"}
      said[3] = x1
    end)()
    local made = load("return '" .. "con" .. ("STANT"):lower() .. "', {" .. ("KEY"):lower() .. " = 1}")
    local constant, t = load(string.dump(made))()
    return said[1] .. " " .. said[2] .. " " .. said[3] .. " " .. constant .. t[("KEY"):lower()]
  )lua") == "fieldfield!inheritedinherited 0 global constant1");
}

TEST_CASE("texts cross to another VM as before", "[computed_texts]") {
  for (const LockSettings& lock : lock_regimes()) {
    CHECK(ScriptVm(lock).run(std::string(kSyncPrelude) + R"lua(
      local interpreters, result = require "interpreters", {}
      start(1, function()
        local other = interpreters.create()
        local t = other:call(function(t)
          t[("NEW"):lower()] = t["ke" .. "y"] .. "!"
          return t
        end, {[("KEY"):lower()] = "v" .. 1})
        result[1] = t.key .. t.new
        other:close()
      end)()
      return result[1]
    )lua") == "v1v1!");
  }
}

}  // namespace gilvm
