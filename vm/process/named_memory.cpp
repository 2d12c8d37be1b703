#include "vm/process/named_memory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
#include <vector>

#include "vm/process/shared_area.h"

namespace gilvm {
namespace {

// What this process has created and not unlinked. In a child it begins empty.
struct Created {
  std::mutex mutex;  // held for moments, and around a fork: then nobody is in the middle of a change
  std::vector<std::string> names;
};

Created& created();

void before_fork() { created().mutex.lock(); }

void after_fork_in_parent() { created().mutex.unlock(); }

void after_fork_in_child() {
  created().names.clear();
  created().mutex.unlock();
}

Created& created() {
  static Created* const list = [] {
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
    std::atexit(unlink_leaked_memory);
    return new Created;
  }();
  return *list;
}
// Made before there are threads: a fork in the middle of that would leave it unfinished for ever.
[[maybe_unused]] const Created& made_at_start = created();

std::string prefix_of(pid_t process) { return "psm_" + std::to_string(process) + "_"; }

std::string system_name(const std::string& name) { return "/" + name; }

}  // namespace

std::shared_ptr<NamedMemory> NamedMemory::map(const std::string& name, int file) {
  struct stat status;
  std::shared_ptr<NamedMemory> memory;
  if (fstat(file, &status) == 0) {
    const auto size = static_cast<std::size_t>(status.st_size);
    void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (address != MAP_FAILED) memory.reset(new NamedMemory(name, address, size));
  }
  const int error = errno;
  close(file);
  errno = error;
  return memory;
}

std::shared_ptr<NamedMemory> NamedMemory::make(std::string name, std::size_t bytes) {
  const bool chooses = name.empty();
  int file;
  do {
    if (chooses) {
      char digits[9];
      std::snprintf(digits, sizeof digits, "%08x", std::random_device{}());
      name = prefix_of(current_process()) + digits;
    }
    file = shm_open(system_name(name).c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
  } while (file < 0 && errno == EEXIST && chooses);
  if (file < 0) return nullptr;
  // Reserved now, so that no access fails later for want of memory.
  const int error = posix_fallocate(file, 0, static_cast<off_t>(bytes));
  std::shared_ptr<NamedMemory> memory;
  if (error == 0) memory = map(name, file);
  if (!memory) {
    const int reason = error != 0 ? error : errno;
    if (error != 0) close(file);
    shm_unlink(system_name(name).c_str());
    errno = reason;
    return nullptr;
  }
  std::lock_guard guard(created().mutex);
  created().names.push_back(name);
  return memory;
}

std::shared_ptr<NamedMemory> NamedMemory::attach(std::string name) {
  const int file = shm_open(system_name(name).c_str(), O_RDWR | O_CLOEXEC, 0600);
  return file < 0 ? nullptr : map(name, file);
}

NamedMemory::~NamedMemory() { munmap(address_, size_); }

int unlink_memory(const std::string& name) {
  const int error = shm_unlink(system_name(name).c_str()) == 0 ? 0 : errno;
  std::lock_guard guard(created().mutex);
  std::erase(created().names, name);
  return error;
}

void unlink_leaked_memory() {
  std::lock_guard guard(created().mutex);
  if (created().names.empty()) return;
  std::fprintf(
      stderr,
      "resource_tracker: There appear to be %zu leaked shared_memory objects to clean up at shutdown\n",
      created().names.size());
  for (const std::string& name : created().names) shm_unlink(system_name(name).c_str());
  created().names.clear();
}

void unlink_memory_of(pid_t process) {
  DIR* directory = opendir("/dev/shm");
  if (!directory) return;
  const std::string prefix = prefix_of(process);
  while (const dirent* entry = readdir(directory)) {
    const std::string name = entry->d_name;
    if (name.starts_with(prefix)) shm_unlink(system_name(name).c_str());
  }
  closedir(directory);
}

}  // namespace gilvm
