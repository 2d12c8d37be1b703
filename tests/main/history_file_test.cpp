#include "vm/main/history_file.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

namespace gilvm {
namespace {

using Entries = std::vector<std::string>;

struct Folder {
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "history_test.XXXXXX";
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file(const std::string& name) const { return path + "/" + name; }

  std::string path;
};

std::string path_with(const std::map<std::string, std::string>& variables) {
  return history_path([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

}  // namespace

TEST_CASE("the history is in the folder for the state of programs", "[history]") {
  CHECK(path_with({{"XDG_STATE_HOME", "/s"}, {"HOME", "/h"}}) == "/s/gilvm/history");
  CHECK(path_with({{"HOME", "/h"}}) == "/h/.local/state/gilvm/history");
  CHECK(path_with({{"XDG_STATE_HOME", ""}, {"HOME", "/h"}}) == "/h/.local/state/gilvm/history");
  // The specification has a relative path ignored.
  CHECK(path_with({{"XDG_STATE_HOME", "s"}, {"HOME", "/h"}}) == "/h/.local/state/gilvm/history");
  CHECK(path_with({}).empty());
}

TEST_CASE("what was added is loaded again, line feeds and backslashes included", "[history]") {
  const Folder folder;
  const std::string path = folder.file("a/b/history");
  const Entries entries = {"x = 1", "for i = 1, 2 do\n  print('\\n')\nend", "\\", "\\\\n", "ação"};
  for (const std::string& entry : entries) HistoryFile(path).add(entry);
  CHECK(HistoryFile(path).load() == entries);
}

TEST_CASE("nobody but its owner reads the history", "[history]") {
  const Folder folder;
  HistoryFile(folder.file("new/history")).add("secret");
  struct stat status;
  REQUIRE(stat(folder.file("new/history").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  REQUIRE(stat(folder.file("new").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("a history that cannot be had is an empty one", "[history]") {
  const Folder folder;
  std::ofstream(folder.file("file")) << "not a folder\n";
  for (const std::string& path :
       {std::string(), folder.file("none/history"), folder.file("file/history"), folder.path}) {
    INFO(path);
    CHECK(HistoryFile(path).load().empty());
  }
  HistoryFile(folder.file("file/history")).add("x");
  HistoryFile("").add("x");
}

TEST_CASE("the last entries are loaded, and a long file is cut down to them", "[history]") {
  const Folder folder;
  const std::string path = folder.file("history");
  const auto write = [&](std::size_t count) {
    std::ofstream file(path);
    for (std::size_t index = 1; index <= count; ++index) file << index << '\n';
  };
  write(2 * HistoryFile::kMostEntries);
  const auto size = std::filesystem::file_size(path);
  Entries entries = HistoryFile(path).load();
  CHECK(entries.size() == HistoryFile::kMostEntries);
  CHECK(entries.front() == std::to_string(HistoryFile::kMostEntries + 1));
  CHECK(std::filesystem::file_size(path) == size);
  write(2 * HistoryFile::kMostEntries + 1);
  entries = HistoryFile(path).load();
  CHECK(entries.back() == std::to_string(2 * HistoryFile::kMostEntries + 1));
  CHECK(std::filesystem::file_size(path) < size);
  CHECK(HistoryFile(path).load() == entries);
}

}  // namespace gilvm
