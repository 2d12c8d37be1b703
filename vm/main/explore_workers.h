// Processes that explore parts of a tree, a part each at a time. They are forked from this one, with the
// program as it stands here.
//
// Threads: the main one.
// Invariants:
//  (1) None outlives this process, however it ends: the kernel kills them with it.
//  (2) A part is with one worker, or with nobody who has come to an end by itself.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "vm/main/explored_program.h"

namespace gilvm {

class ExploreWorkers {
 public:
  ExploreWorkers(ExploredProgram& program, Supervisor& supervisor, unsigned most)
      : program_(program), supervisor_(supervisor), most_(most) {}
  // Kills them.
  ~ExploreWorkers();
  ExploreWorkers(const ExploreWorkers&) = delete;

  struct Answer {
    ExploredProgram::Result result;
    int status = 0;  // after Stop::kFailed: as ExploredProgram has them
    std::string problem;
    bool has_effects = false;  // the script changes more than memory: no result
    std::string ended;         // not empty: how the process has ended without an answer
  };

  bool has_room() const;
  bool is_busy() const;
  // What the workers are at.
  std::vector<ExplorationPart> parts() const;
  double left() const;  // the sum of theirs
  // False: the system has no room for another process. REQUIRES: has_room().
  bool give(const ExplorationPart& part);
  // What has come by then.
  std::vector<Answer> wait(std::chrono::milliseconds time);

 private:
  struct Worker {
    pid_t pid;
    int socket;
    bool is_busy;
    ExplorationPart part;
  };

  bool start();
  [[noreturn]] void work(int socket);
  Answer answer_of(Worker& worker);
  static std::string end(Worker& worker);

  ExploredProgram& program_;
  Supervisor& supervisor_;
  const unsigned most_;
  std::vector<Worker> workers_;
};

}  // namespace gilvm
