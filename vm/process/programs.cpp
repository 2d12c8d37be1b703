#include "vm/process/programs.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "vm/process/processes.h"

namespace gilvm {
namespace {

constexpr int kUnknownEnd = 255;  // as Python's child watchers say it

// Descriptors of the caller that the child is to have. One that is a standard one itself is copied first, so
// that none is overwritten before it has been used.
class ChildFiles {
 public:
  explicit ChildFiles(const int (&files)[3]) {
    for (int number = 0; number < 3; ++number) {
      files_[number] = files[number];
      if (files[number] < 0 || files[number] > STDERR_FILENO) continue;
      files_[number] = copies_[number] = fcntl(files[number], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
      if (copies_[number] < 0) error_ = errno;
    }
  }
  ~ChildFiles() {
    for (const int copy : copies_) {
      if (copy >= 0) close(copy);
    }
  }
  ChildFiles(const ChildFiles&) = delete;

  int error() const { return error_; }  // errno, or 0
  int operator[](int number) const { return files_[number]; }

 private:
  int files_[3];
  int copies_[3] = {-1, -1, -1};
  int error_ = 0;
};

std::vector<char*> as_array(const std::vector<std::string>& texts) {
  std::vector<char*> array;
  for (const std::string& text : texts) array.push_back(const_cast<char*>(text.c_str()));
  array.push_back(nullptr);
  return array;
}

// What PATH says in the environment that the program gets, or what Python takes where it says nothing.
std::string search_path(const ProgramStart& start) {
  const char* path = start.environment ? nullptr : std::getenv("PATH");
  if (start.environment) {
    for (const std::string& variable : *start.environment) {
      if (variable.compare(0, 5, "PATH=") == 0) path = variable.c_str() + 5;
    }
  }
  return path ? path : "/bin:/usr/bin";
}

// The paths that may be meant, in the order in which they are tried.
std::vector<std::string> paths_of(const ProgramStart& start) {
  const std::string& program = start.arguments.front();
  if (program.find('/') != std::string::npos || program.empty()) return {program};
  std::vector<std::string> paths;
  const std::string directories = search_path(start);
  for (std::size_t from = 0, end; from <= directories.size(); from = end + 1) {
    end = std::min(directories.find(':', from), directories.size());
    const std::string directory = directories.substr(from, end - from);
    paths.push_back((directory.empty() ? "." : directory) + "/" + program);
  }
  return paths;
}

}  // namespace

pid_t start_program(const ProgramStart& start) {
  // Otherwise its errno would be taken for one of the program's path.
  struct stat directory;
  if (!start.directory.empty() && stat(start.directory.c_str(), &directory) != 0) return -1;
  if (!start.directory.empty() && !S_ISDIR(directory.st_mode)) {
    errno = ENOTDIR;
    return -1;
  }
  const ChildFiles files(start.files);
  if (files.error() != 0) {
    errno = files.error();
    return -1;
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  for (int number = 0; number < 3; ++number) {
    if (files[number] >= 0) posix_spawn_file_actions_adddup2(&actions, files[number], number);
  }
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  if (!start.directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, start.directory.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  const int session = start.starts_session ? POSIX_SPAWN_SETSID : 0;
  posix_spawnattr_setflags(&attributes, static_cast<short>(POSIX_SPAWN_SETSIGMASK | session));

  const std::vector<char*> arguments = as_array(start.arguments);
  std::vector<char*> environment;
  if (start.environment) environment = as_array(*start.environment);
  pid_t process = -1;
  int error = ENOENT;
  const std::vector<std::string> paths = paths_of(start);
  for (const std::string& path : paths) {
    const int problem = posix_spawn(&process, path.c_str(), &actions, &attributes, arguments.data(),
                                    start.environment ? environment.data() : environ);
    // As execvp() does: one that may not be run is remembered, and those of the other directories are tried.
    const bool is_not_there = problem == ENOENT || problem == ENOTDIR;
    if (!is_not_there || paths.size() == 1) error = problem;
    if (!is_not_there && problem != EACCES) break;
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    errno = error;
    return -1;
  }
  remember_child(process);
  return process;
}

std::optional<int> take_end_of_program(pid_t process) {
  int status;
  pid_t ended;
  do ended = waitpid(process, &status, WNOHANG);
  while (ended < 0 && errno == EINTR);
  if (ended == 0) return std::nullopt;
  forget_child(process);
  if (ended < 0) return kUnknownEnd;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void end_program(pid_t process) {
  kill(process, SIGKILL);
  while (waitpid(process, nullptr, 0) < 0 && errno == EINTR) continue;
  forget_child(process);
}

}  // namespace gilvm
