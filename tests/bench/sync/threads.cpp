// Nanoseconds of creating a thread and joining it, and of creating a process and waiting for it, by the
// system's own calls: the lines "thread_create_join N" and "process_start_join N".
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

template <typename Work>
void measure(const char* name, int count, Work work) {
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < count; ++i) work();
  const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
  std::printf("%s %.0f\n", name, time.count() / count);
}

int main() {
  measure("thread_create_join", 3000, [] {
    pthread_t thread;
    if (pthread_create(
            &thread, nullptr, [](void* argument) { return argument; }, nullptr) != 0)
      _exit(1);
    pthread_join(thread, nullptr);
  });
  std::fflush(stdout);
  measure("process_start_join", 300, [] {
    const pid_t process = fork();
    if (process == 0) _exit(0);
    waitpid(process, nullptr, 0);
  });
}
