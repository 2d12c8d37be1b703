// What was typed, from one session to the next.
//
// One line an entry, the oldest first; a line feed in it is written "\n" and a backslash "\\". An entry is
// added as soon as it is typed, so sessions at the same time share the file, and one that is killed loses
// nothing. Whatever goes wrong goes wrong silently: without a history one can work.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace gilvm {

// "gilvm/history" in $XDG_STATE_HOME or ~/.local/state (XDG Base Directory Specification). Empty: there is no
// such place. `variable` is as getenv().
std::string history_path(const std::function<const char*(const char*)>& variable);

class HistoryFile {
 public:
  static constexpr std::size_t kMostEntries = 1000;

  // `path` may be empty: then nothing is kept.
  explicit HistoryFile(std::string path) : path_(std::move(path)) {}

  // The last entries, kMostEntries at most. A file that has grown to more than twice that is cut down to
  // them.
  std::vector<std::string> load();
  // Makes the file, which only its owner may read, and its folders where they are missing.
  void add(const std::string& entry);

 private:
  const std::string path_;
};

}  // namespace gilvm
