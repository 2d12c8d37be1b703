// The reader without editing, on a pipe in place of standard input.
#include "vm/main/line_reader.h"

#include <unistd.h>

#include <catch2/catch.hpp>

namespace gilvm {
namespace {

class TypedInput {
 public:
  TypedInput() : before_(dup(STDIN_FILENO)) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    keys_ = ends[1];
  }
  ~TypedInput() {
    end();
    dup2(before_, STDIN_FILENO);
    close(before_);
  }
  void type(const std::string& text) {
    REQUIRE(write(keys_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  void end() {
    if (keys_ >= 0) close(keys_);
    keys_ = -1;
  }

 private:
  const int before_;
  int keys_;
};

using Outcome = LineReader::Outcome;

}  // namespace

TEST_CASE("lines come one at a time, the last one without its end too", "[line_reader]") {
  TypedInput input;
  WakeUp wake_up;
  const auto reader = make_line_reader(nullptr, false, wake_up, {});
  input.type("one\n\ntwo\nrest");
  input.end();
  std::string line;
  for (const char* expected : {"one", "", "two", "rest"}) {
    REQUIRE(reader->read("> ", &line) == Outcome::kLine);
    CHECK(line == expected);
  }
  CHECK(reader->read("> ", &line) == Outcome::kEnd);
}

TEST_CASE("an interrupt before the wait or in it drops what was typed", "[line_reader]") {
  TypedInput input;
  WakeUp wake_up;
  const auto reader = make_line_reader(nullptr, false, wake_up, {});
  std::string line;
  wake_up.wake(WakeUp::kInterrupt);
  CHECK(reader->read("> ", &line) == Outcome::kInterrupted);
  wake_up.wake(WakeUp::kStop);
  CHECK(reader->read("> ", &line) == Outcome::kInterrupted);
  input.type("whole\n");
  REQUIRE(reader->read("> ", &line) == Outcome::kLine);
  CHECK(line == "whole");
}

TEST_CASE("another size of the terminal does not end the wait", "[line_reader]") {
  TypedInput input;
  WakeUp wake_up;
  const auto reader = make_line_reader(nullptr, false, wake_up, {});
  wake_up.wake(WakeUp::kResize);
  input.type("line\n");
  std::string line;
  CHECK(reader->read("> ", &line) == Outcome::kLine);
}

TEST_CASE("the prompt goes to the output", "[line_reader]") {
  TypedInput input;
  WakeUp wake_up;
  std::FILE* output = std::tmpfile();
  REQUIRE(output);
  {
    const auto reader = make_line_reader(output, false, wake_up, {});
    input.end();
    std::string line;
    CHECK(reader->read("next? ", &line) == Outcome::kEnd);
  }
  std::rewind(output);
  char text[20] = {};
  CHECK(std::fread(text, 1, sizeof text, output) == 7);
  CHECK(std::string(text) == "next? \n");
  std::fclose(output);
}

}  // namespace gilvm
