#include "vm/lib/pattern.h"

#include "tests/lib/script_vm.h"

using namespace gilvm;

namespace {

// The first match, or what is wrong with the pattern, or "-".
std::string first_match(const std::string& subject, const std::string& pattern) {
  ScriptVm vm({});
  PatternMatcher matcher(vm.thread(), subject, pattern);
  const char* start = subject.data();
  const char* end = matcher.search(&start);
  if (matcher.failed()) return matcher.error();
  return end ? std::string(start, end) : "-";
}

}  // namespace

TEST_CASE("a pattern matches the first place where it can", "[pattern]") {
  CHECK(first_match("hello world", "o%s?w") == "o w");
  CHECK(first_match("key = value", "%w+$") == "value");
  CHECK(first_match("f(a(b)c)d)", "%b()") == "(a(b)c)");
  CHECK(first_match("THE (quick) fox", "%f[%a]%a+%f[%A]") == "THE");
  CHECK(first_match("aaab", "a-b") == "aaab");
  CHECK(first_match("abab", "(ab)%1") == "abab");
  CHECK(first_match("", "x*") == "");
  CHECK(first_match("abc", "d") == "-");
}

TEST_CASE("captures are bytes or positions", "[pattern]") {
  const std::string subject = "k=v", pattern = "(%w)()=";
  ScriptVm vm({});
  PatternMatcher matcher(vm.thread(), subject, pattern);
  const char* end = matcher.match_at(subject.data());
  REQUIRE(end);
  REQUIRE(matcher.value_count() == 2);
  PatternMatcher::Capture capture;
  REQUIRE(matcher.capture(0, subject.data(), end, &capture));
  CHECK(capture.view() == "k");
  REQUIRE(matcher.capture(1, subject.data(), end, &capture));
  CHECK(capture.is_position());
  CHECK(matcher.position_of(capture) == 2);
  CHECK(!matcher.capture(2, subject.data(), end, &capture));
  CHECK(matcher.error() == "invalid capture index %3");
}

TEST_CASE("a wrong pattern says what is wrong", "[pattern]") {
  CHECK(first_match("x", "[a") == "malformed pattern (missing ']')");
  CHECK(first_match("x", "%") == "malformed pattern (ends with '%')");
  CHECK(first_match("x", "%b") == "malformed pattern (missing arguments to '%b')");
  CHECK(first_match("x", "%f") == "missing '[' after '%f' in pattern");
  CHECK(first_match("x", ")") == "invalid pattern capture");
  CHECK(first_match("x", "%1") == "invalid capture index %1");
}

TEST_CASE("recursion is bounded", "[pattern]") {
  std::string pattern;
  for (int item = 0; item < 1000; ++item) pattern += "a?";
  CHECK(first_match(std::string(1000, 'a'), pattern) == "pattern too complex");
  CHECK(first_match(std::string(1000, 'a'), "a*b") == "-");
  CHECK(first_match(std::string(100000, 'a'), ".-b?$").size() == 100000);
}
