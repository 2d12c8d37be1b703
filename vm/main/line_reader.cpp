#include "vm/main/line_reader.h"

#include <unistd.h>

#include <cerrno>

#include "vm/main/line_editor.h"

namespace gilvm {
namespace {

// The terminal itself lets the user correct the line, and echoes it.
class PlainReader final : public LineReader {
 public:
  PlainReader(std::FILE* output, WakeUp& wake_up) : output_(output), wake_up_(wake_up) {}

  Outcome read(const std::string& prompt, std::string* line) override {
    show(prompt);
    for (;;) {
      const std::size_t end = typed_.find('\n');
      if (end != std::string::npos) {
        line->assign(typed_, 0, end);
        typed_.erase(0, end + 1);
        return Outcome::kLine;
      }
      if (wake_up_.wait_for(STDIN_FILENO)) {
        if ((wake_up_.take() & (WakeUp::kInterrupt | WakeUp::kStop)) == 0) continue;
        show("\n");
        typed_.clear();
        return Outcome::kInterrupted;
      }
      char bytes[4096];
      const ssize_t count = ::read(STDIN_FILENO, bytes, sizeof bytes);
      if (count > 0) {
        typed_.append(bytes, static_cast<std::size_t>(count));
      } else if (count == 0 || errno != EINTR) {
        if (typed_.empty()) {
          show("\n");
          return Outcome::kEnd;
        }
        typed_ += '\n';
      }
    }
  }

  void remember(const std::string&) override {}

 private:
  void show(const std::string& text) {
    if (!output_) return;
    std::fwrite(text.data(), 1, text.size(), output_);
    std::fflush(output_);
  }

  std::FILE* const output_;
  WakeUp& wake_up_;
  std::string typed_;  // and not yet read
};

}  // namespace

std::unique_ptr<LineReader> make_line_reader(std::FILE* output, bool cursor_moves, WakeUp& wake_up,
                                             Completer completer) {
  if (output && cursor_moves) {
    if (auto editor = make_line_editor(output, wake_up, std::move(completer))) return editor;
  }
  return std::make_unique<PlainReader>(output, wake_up);
}

}  // namespace gilvm
