// A part of the tree of all orders: the path to a state, and what is still to be tried there and below.
//
// A part is explored without a word about any other: what its exploration does follows from the part alone.
// So parts can be explored in any order, and by several processes.
//
// Threads: plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vm/explore/access.h"
#include "vm/runtime/scheduler.h"

namespace gilvm {

struct ExplorationPart {
  using Index = std::uint32_t;       // of an event
  using Clock = std::vector<Index>;  // by threads: one past the last event of it that is known to come before

  struct Sleeper {
    ThreadId thread = 0;
    std::vector<Access> accesses;  // of its next step
  };
  struct Node {
    std::vector<ThreadId> candidates;
    ThreadId current = 0;  // who could have gone on; 0: nobody
    ThreadId chosen = 0;
    unsigned preemptions = 0;  // before
    std::vector<ThreadId> to_try;
    std::vector<Sleeper> sleep;  // when the state was first come to
    std::vector<Sleeper> done;   // tried since
    double explored = 0;         // executions in which they were, where that part is another's an estimate
  };
  struct Event {
    ThreadId thread = 0;
    std::vector<Access> accesses;
    std::vector<ThreadId> woken;
    Clock clock;
  };

  // As Exploration has them, after an execution; empty: all that there is.
  std::vector<Node> nodes;
  std::vector<Event> events;
  std::size_t root = 0;  // what is to be tried at the nodes before it is in other parts
  double left = 1;       // executions, as they are estimated

  // For another process of the same program. REQUIRES of from_bytes(): bytes() has made them.
  std::string bytes() const;
  static ExplorationPart from_bytes(const std::string& bytes);
};

}  // namespace gilvm
