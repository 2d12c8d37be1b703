// Every order in which threads can take their steps, one execution after the other.
//
// Whoever runs the threads asks before each step who is to take it, says what the step reads and writes, and
// begins anew, from the same start, as often as begin() asks for it. A step is what a thread does from one
// scheduling point to the next.
//
// Orders that differ only in steps whose order does not matter are one: of each such class (a Mazurkiewicz
// trace) one execution is complete. That is dynamic partial-order reduction with source sets and sleep sets
// (Abdulla, Aronis, Jonsson, Sagonas: Optimal Dynamic Partial Order Reduction, POPL 2014, algorithm 1). Where
// two steps of an execution race, which means that they conflict and that nothing else has put them in that
// order, the later one is to be tried before the earlier one too. What was tried from a state sleeps in the
// executions that are tried from it afterwards, until a step conflicts with it: an execution in which all are
// asleep is one that was seen already, and is given up.
//
// What is left can be taken out in two parts: the state that is nearest to the start and has something left,
// and what is below it. At the former all threads are tried then, since the races that are found in the other
// part are not told to it. What was tried sleeps all the same: so each class is still complete in one
// execution only, and there are as many as without parts; only executions that are given up may be added.
//
// Threads: one at a time.
// Invariants:
//  (1) nodes_[i] is the state in which events_[i] was chosen; events_ has no others.
//  (2) Up to the last node that is kept, an execution is the one before.
//  (3) At the nodes before root_ all is tried that there is, here or in other parts.
#pragma once

#include <boost/container/flat_map.hpp>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "vm/explore/exploration_part.h"

namespace gilvm {

class Exploration {
 public:
  struct Settings {
    // False: all orders, without leaving out those that make no difference.
    bool reduced = true;
    // Only those in which so many steps at most follow another thread's that could have gone on. Not reduced.
    std::optional<unsigned> preemptions = std::nullopt;
  };

  explicit Exploration(const Settings& settings)
      : reduced_(settings.reduced && !settings.preemptions), preemptions_(settings.preemptions) {}

  // Another execution follows. False: all that there are in the part have been.
  bool begin();
  // How many steps it has in common with the one before; 0 for the first of a part.
  std::size_t steps_in_common() const { return kept_; }
  // It goes on where it has taken so many steps. REQUIRES: after begin(), which it has in common.
  void go_on_after(std::size_t steps);
  // Only that part is explored from now on. REQUIRES for both: no execution is going on.
  void take(ExplorationPart part);
  // What is left, in two parts, or in one, or in none where nothing is; take() follows.
  std::vector<ExplorationPart> give();
  // Who takes the next step. `current` has taken the last one; it goes on without a question as long as its
  // step has touched nothing. 0: this execution is like one that was seen already, and is to be given up.
  // REQUIRES: `candidates`, all that could take it, are not empty.
  ThreadId choose(std::span<const ThreadId> candidates, ThreadId current);
  // Does the question ask for a step?
  bool is_step(std::span<const ThreadId> candidates, ThreadId current) const;
  // Of the step that is being taken.
  void access(const Access& access);
  // The step that is being taken has made it possible for `thread` to run.
  void wakes(ThreadId thread);
  // The threads have come to an end, or have been given up.
  void end();

  // Of the execution so far, or the last one.
  std::size_t steps() const { return depth_; }
  unsigned switches() const;
  // Some execution was left out because of `preemptions`.
  bool has_left_out() const { return has_left_out_; }

 private:
  using Index = ExplorationPart::Index;
  using Clock = ExplorationPart::Clock;
  using Sleeper = ExplorationPart::Sleeper;
  using Node = ExplorationPart::Node;
  using Event = ExplorationPart::Event;

  // What an access touches, by object and key, and the accesses to it, in the order of the events.
  using Place = std::pair<std::uint32_t, std::uint32_t>;
  struct Touches {
    struct Touch {
      Index event;
      bool writes;
    };
    std::vector<Touch> list;
    std::size_t writes = 0;
  };

  bool is_new() const { return depth_ > kept_; }  // the event of which accesses come now
  void close_event();
  void add_node(std::span<const ThreadId> candidates, ThreadId current);
  void choose_what_to_try(Node& node);
  void add_sleepers(const Node& before, Node* node) const;
  void note_touch(Index event, const Access& access);
  void drop_last_event();
  using Indices = ExplorationPart::ShortList<Index, 16>;
  Indices conflicting_with(const Event& event) const;
  static void add_conflicting(const Touches& touches, bool writes, Index before, Indices* found);
  void find_races(Index index);
  void try_before(Index earlier, Index later);
  bool comes_before(Index earlier, const Clock& clock) const;
  static void join(Clock& clock, const Clock& other);
  static Index& at(Clock& clock, ThreadId thread);
  ExplorationPart::Threads untried(const Node& node, const ExplorationPart::Threads& wanted) const;
  double estimate(std::size_t first) const;

  const bool reduced_;
  const std::optional<unsigned> preemptions_;
  bool has_begun_ = false;
  bool has_left_out_ = false;
  bool has_touched_ = false;  // the step that is being taken

  std::vector<Node> nodes_;
  std::vector<Event> events_;
  std::size_t root_ = 0;
  std::size_t depth_ = 0;  // events that have begun
  std::size_t kept_ = 0;   // events that are those of the execution before
  boost::container::flat_map<Place, Touches> touches_;
  // The events of a thread, in their order.
  std::vector<std::vector<Index>> of_thread_;
};

}  // namespace gilvm
