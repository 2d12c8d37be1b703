#include "vm/main/commands.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

namespace gilvm {

void complain(const std::string& message) { std::fprintf(stderr, "gilvm: %s\n", message.c_str()); }

std::size_t terminal_width() {
  winsize size;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

}  // namespace gilvm
