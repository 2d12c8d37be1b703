#include "vm/main/completion.h"

#include "tests/lib/script_vm.h"

namespace gilvm {
namespace {

using Words = std::vector<std::string>;

Words completed(const std::string& text, const std::string& before = "") {
  ScriptVm vm{LockSettings()};
  vm.run(before);
  return completions(vm.thread(), text);
}

}  // namespace

TEST_CASE("a beginning becomes the globals and keywords that begin so", "[completion]") {
  CHECK(completed("pri") == Words{"print"});
  CHECK(completed("x = to") == Words{"tonumber", "tostring"});
  CHECK(completed("re") == Words{"repeat", "require", "return"});
  CHECK(completed("nothing_begins_so").empty());
}

TEST_CASE("behind a dot or a colon stand the fields of what is before it", "[completion]") {
  CHECK(completed("print(string.re") == Words{"rep", "reverse"});
  CHECK(completed("a.b.", "a = {b = {c = 1, d = 2}}") == Words{"c", "d"});
  CHECK(completed("a.b:x", "a = {b = {xy = print}}") == Words{"xy"});
  CHECK(completed("no.", "no = nil").empty());
  CHECK(completed("a.no.b", "a = {}").empty());
}

TEST_CASE("only names are offered", "[completion]") {
  CHECK(completed("a.", "a = {['x y'] = 1, [1] = 2, [true] = 3, ok_1 = 4, ['1x'] = 5}") == Words{"ok_1"});
}

TEST_CASE("inherited fields and methods are found, and no script runs for them", "[completion]") {
  CHECK(completed("s:rev", "s = 'text'") == Words{"reverse"});
  CHECK(completed(
            "b.",
            "b = setmetatable({one = 1}, {__index = setmetatable({two = 2}, {__index = {three = 3}})})") ==
        Words{"one", "three", "two"});
  CHECK(completed("b.", "b = setmetatable({}, {__index = function() error() end})").empty());
  CHECK(completed("b.", "b = {} setmetatable(b, {__index = b})").empty());
  CHECK(completed("lock:re", "lock = require('threading').Lock()") == Words{"release"});
}

}  // namespace gilvm
