// Where typed lines come from: a terminal that can move its cursor, with editing and a history, or one that
// cannot.
//
// Threads: the one that made it.
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "vm/main/wake_up.h"

namespace gilvm {

class LineReader {
 public:
  enum class Outcome {
    kLine,
    kInterrupted,  // Ctrl-C, or the VM is interrupted: what was typed is dropped
    kEnd,          // Ctrl-D, or the terminal is gone
  };

  LineReader() = default;
  virtual ~LineReader() = default;
  LineReader(const LineReader&) = delete;

  // Shows the prompt, and waits for a line, which comes without its line feed. REQUIRES: detached.
  virtual Outcome read(const std::string& prompt, std::string* line) = 0;
  // Offers an entry, of one line or several, when the user goes back.
  virtual void remember(const std::string& entry) = 0;
};

// What may stand in place of the word at the end of `text`. Called in read(), so detached.
using Completer = std::function<std::vector<std::string>(const std::string& text)>;

// Reads standard input. `output`: where the prompt goes, or null: there is none. `cursor_moves`: `output` is
// a terminal that can be more than a typewriter.
std::unique_ptr<LineReader> make_line_reader(std::FILE* output, bool cursor_moves, WakeUp& wake_up,
                                             Completer completer);

}  // namespace gilvm
