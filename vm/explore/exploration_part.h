// A part of the tree of all orders: the path to a state, and what is still to be tried there and below.
//
// A part is explored without a word about any other: what its exploration does follows from the part alone.
// So parts can be explored in any order, and by several processes.
//
// Threads: plain data.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "vm/explore/access.h"
#include "vm/runtime/scheduler.h"

namespace gilvm {

struct ExplorationPart {
  // There are many short ones, in each execution: none of them is to allocate.
  template <typename T, std::size_t usual>
  using ShortList = boost::container::small_vector<T, usual>;
  using Threads = ShortList<ThreadId, 4>;
  using Accesses = ShortList<Access, 4>;

  using Index = std::uint32_t;  // of an event
  using Clock =
      ShortList<Index, 6>;  // by threads: one past the last event of it that is known to come before

  struct Sleeper {
    ThreadId thread = 0;
    Accesses accesses;  // of its next step
  };
  struct Node {
    Threads candidates;
    ThreadId current = 0;  // who could have gone on; 0: nobody
    ThreadId chosen = 0;
    unsigned preemptions = 0;  // before
    Threads to_try;
    ShortList<Sleeper, 2> sleep;  // when the state was first come to
    ShortList<Sleeper, 2> done;   // tried since
    double explored = 0;          // executions in which they were, where that part is another's an estimate
  };
  struct Event {
    ThreadId thread = 0;
    Accesses accesses;
    Threads woken;
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
