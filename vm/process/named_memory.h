// Memory with a name, which any process that knows it can have: POSIX shared memory.
//
// Threads: any.
// Invariants:
//  (1) What a process has created and not unlinked is unlinked when it ends. When it was killed, its parent
//  does that,
//      if the name is one that make() chose.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

namespace gilvm {

class NamedMemory {
 public:
  // New memory, full of zeros; a name is chosen where `name` is empty. Null, with errno set; EEXIST: there is
  // one.
  static std::shared_ptr<NamedMemory> make(std::string name, std::size_t bytes);
  // What another process has made. Null, with errno set.
  static std::shared_ptr<NamedMemory> attach(std::string name);
  ~NamedMemory();
  NamedMemory(const NamedMemory&) = delete;

  // Without the slash that the system puts before it.
  const std::string& name() const { return name_; }
  void* address() const { return address_; }
  std::size_t size() const { return size_; }

 private:
  NamedMemory(std::string name, void* address, std::size_t size)
      : name_(std::move(name)), address_(address), size_(size) {}
  static std::shared_ptr<NamedMemory> map(const std::string& name, int file);
  const std::string name_;
  void* const address_;
  const std::size_t size_;
};

// Takes a name away; who has the memory keeps it. An errno, or 0.
int unlink_memory(const std::string& name);
// Unlinks what the calling process has created and not unlinked; says so on standard error, as Python does.
void unlink_leaked_memory();
// Unlinks what the process, which has ended, had created under names that were chosen for it.
void unlink_memory_of(pid_t process);

}  // namespace gilvm
