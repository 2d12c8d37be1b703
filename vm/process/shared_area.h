// Memory that a process shares with the children that it forks. It has no name, and is gone with the last
// process that has it.
//
// Threads: any.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace gilvm {

class SharedArea {
 public:
  // Full of zeros. Null, with errno set: there is no memory.
  static std::shared_ptr<SharedArea> make(std::size_t bytes);
  ~SharedArea();
  SharedArea(const SharedArea&) = delete;

  void* address() const { return address_; }
  std::size_t size() const { return size_; }

 private:
  SharedArea(void* address, std::size_t size) : address_(address), size_(size) {}
  void* const address_;
  const std::size_t size_;
};

// What processes wait for: the kernel wakes who waits for a word of shared memory to change (futex(2)).
using SharedWord = std::atomic<std::uint32_t>;
static_assert(SharedWord::is_always_lock_free && sizeof(SharedWord) == 4);

// The calling process. As quick as reading a variable.
pid_t current_process();
// Has it ended, even if nobody has waited for it yet?
bool process_has_ended(pid_t process);

}  // namespace gilvm
