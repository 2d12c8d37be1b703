#include "vm/main/silence.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

namespace gilvm {

Silence::Silence(std::initializer_list<int> streams) {
  std::fflush(stdout);
  std::fflush(stderr);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (const int stream : streams) {
    kept_.emplace_back(stream, fcntl(stream, F_DUPFD_CLOEXEC, 0));
    if (nowhere >= 0) dup2(nowhere, stream);
  }
  if (nowhere >= 0) close(nowhere);
}

Silence::~Silence() {
  std::fflush(stdout);
  std::fflush(stderr);
  for (const auto& [stream, kept] : kept_) {
    if (kept < 0) continue;
    dup2(kept, stream);
    close(kept);
  }
}

}  // namespace gilvm
