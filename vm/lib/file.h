// An open file of a script: a C stream, and the reading and writing that may block.
//
// Threads: any. What may block is done detached from the VM, with the file's mutex held; what surely does
// not, because the stream's buffer has the bytes or the room, is done attached, if the mutex is free.
// Invariants:
//  (1) No thread waits for the mutex while it is attached, and none holds it at a safepoint.
//  (2) While the mutex is held to wait, no Value is touched.
//  (3) A forked child has no output that its parent wrote, and no mutex that a thread holds which it does not
//  have.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <string>
#include <vector>

#include "vm/object/function.h"
#include "vm/runtime/errors.h"

namespace gilvm {

// One thing that a script reads (Lua manual §6.8, file:read).
struct ReadFormat {
  enum Kind { kLine, kLineWithEnd, kAll, kNumber, kBytes };
  Kind kind = kLine;
  std::size_t bytes = 0;  // kBytes
};

class File final : public NativeObject {
 public:
  enum class Kind { kOrdinary, kStandard, kPipe };

  // `process`: that at the other end of a pipe.
  File(std::FILE* stream, Kind kind, pid_t process = -1);
  ~File() override;
  const char* type_name() const override { return "FILE*"; }

  Kind kind() const { return kind_; }
  // It may be so the next moment, when threads race: every operation below looks again.
  bool is_closed() const { return stream_.load(std::memory_order_acquire) == nullptr; }

  struct Outcome {
    bool was_closed = false;
    int error = 0;         // errno, 0 for success
    long long result = 0;  // of seek(): the position; of close(), for a pipe: how the child ended
  };
  // The texts that were read. `complete` is false when the last format found nothing; its text is none then.
  struct ReadOutcome : Outcome {
    std::vector<std::string> texts;
    bool complete = true;
  };
  // Each REQUIRES: attached, at a safepoint.
  ReadOutcome read(VmThread& thread, const std::vector<ReadFormat>& formats);
  Outcome write(VmThread& thread, const std::string& text);
  Outcome flush(VmThread& thread);
  Outcome seek(VmThread& thread, long long offset, int whence);
  Outcome set_buffer(VmThread& thread, int mode, std::size_t size);
  Outcome close(VmThread& thread);

  // Writes out what the standard streams and all files have in their buffers, so that a program that is
  // started now finds it there; but not what another thread is at, which may be waiting, and not what goes to
  // another program. REQUIRES: detached.
  static void flush_idle_files();

  // Around a fork, by the thread that forks.
  void before_fork();
  void after_fork_in_parent();
  void after_fork_in_child();

 private:
  template <typename Operation>
  Outcome detached(VmThread& thread, Operation operation);
  bool read_from_buffer(const std::vector<ReadFormat>& formats, ReadOutcome* outcome);
  bool write_to_buffer(const std::string& text);

  const Kind kind_;
  const pid_t process_;
  std::mutex mutex_;
  bool held_for_fork_ = false;      // guarded by the list of all files
  std::atomic<std::FILE*> stream_;  // written with mutex_ held; null: closed
};

}  // namespace gilvm
