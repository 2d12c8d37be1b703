#include "vm/process/process_end.h"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace gilvm {

int open_process_end(pid_t process) {
  const int end = static_cast<int>(syscall(SYS_pidfd_open, process, 0));
#if defined(__SANITIZE_THREAD__)
  // It knows nothing of this call, and takes the descriptor for the one that had its number before. So its
  // place is one that was opened in a way that it does know.
  const int known = end < 0 ? -1 : open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (known >= 0) {
    syscall(SYS_dup3, end, known, O_CLOEXEC);
    syscall(SYS_close, end);
    return known;
  }
#endif
  return end;
}

}  // namespace gilvm
