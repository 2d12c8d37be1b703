#include "vm/main/history_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "vm/lib/load.h"

namespace gilvm {
namespace {

std::string encoded(const std::string& entry) {
  std::string line;
  for (char letter : entry) {
    if (letter == '\n') {
      line += "\\n";
    } else if (letter == '\\') {
      line += "\\\\";
    } else {
      line += letter;
    }
  }
  return line + '\n';
}

std::string decoded(const std::string& line) {
  std::string entry;
  for (std::size_t index = 0; index < line.size(); ++index) {
    if (line[index] == '\\' && index + 1 < line.size()) {
      ++index;
      entry += line[index] == 'n' ? '\n' : line[index];
    } else {
      entry += line[index];
    }
  }
  return entry;
}

// For the folders of `path`, from the outermost: those that exist stay as they are.
void make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    mkdir(path.substr(0, slash).c_str(), 0700);
  }
}

// In one system call, so that the entries of two sessions do not mix.
bool write_file(const std::string& path, int flags, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
  if (file < 0) return false;
  const ssize_t written = write(file, text.data(), text.size());
  close(file);
  return written == static_cast<ssize_t>(text.size());
}

}  // namespace

std::string history_path(const std::function<const char*(const char*)>& variable) {
  const auto absolute = [&](const char* name) {
    const char* value = variable(name);
    return std::string(value && *value == '/' ? value : "");
  };
  const std::string state = absolute("XDG_STATE_HOME");
  if (!state.empty()) return state + "/gilvm/history";
  const std::string home = absolute("HOME");
  return home.empty() ? std::string() : home + "/.local/state/gilvm/history";
}

std::vector<std::string> HistoryFile::load() {
  std::string content, ignored;
  if (path_.empty() || !read_file(path_, &content, &ignored)) return {};
  std::vector<std::string> entries;
  for (std::size_t start = 0; start < content.size();) {
    const std::size_t end = std::min(content.find('\n', start), content.size());
    if (end > start) entries.push_back(decoded(content.substr(start, end - start)));
    start = end + 1;
  }
  const std::size_t all = entries.size();
  if (all > kMostEntries) entries.erase(entries.begin(), entries.end() - kMostEntries);
  if (all > 2 * kMostEntries) {
    std::string kept;
    for (const std::string& entry : entries) kept += encoded(entry);
    // Under another name first: whoever reads meanwhile sees all of the old one or all of the new one.
    const std::string fresh = path_ + "." + std::to_string(getpid());
    if (!write_file(fresh, O_EXCL, kept) || std::rename(fresh.c_str(), path_.c_str()) != 0)
      unlink(fresh.c_str());
  }
  return entries;
}

void HistoryFile::add(const std::string& entry) {
  if (path_.empty()) return;
  const std::string line = encoded(entry);
  if (write_file(path_, O_APPEND, line) || errno != ENOENT) return;
  make_folders(path_);
  write_file(path_, O_APPEND, line);
}

}  // namespace gilvm
