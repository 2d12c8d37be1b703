#include "vm/process/process_end.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace gilvm {

int open_process_end(pid_t process) { return static_cast<int>(syscall(SYS_pidfd_open, process, 0)); }

}  // namespace gilvm
