// The past accesses to a variable that a later one may race with: FastTrack's state of a variable
// (vector_clock.h).
//
// Of writes the last one is enough: it comes after all others, or was found to race with one of them. Reads
// may go on at the same time, so the last one of each thread is kept, and all of them go when a write comes.
//
// Threads: plain data.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "vm/race/vector_clock.h"

namespace gilvm {

struct PastAccess {
  Epoch epoch;
  std::uint32_t site = 0;   // CallTree's node
  std::uint32_t locks = 0;  // LockSets' set

  bool exists() const { return epoch.time != 0; }
};

// Accesses that do not race with each other, as reads do not.
class AccessCrowd {
 public:
  // Is this thread's access in the same epoch, with those locks held, known?
  bool has(Epoch epoch, std::uint32_t locks) const {
    if (!more_) return first_.epoch == epoch && first_.locks == locks;
    for (const PastAccess& each : *more_) {
      if (each.epoch == epoch) return each.locks == locks;
    }
    return false;
  }
  // One that a thread with that clock does not know of; null: there is none.
  const PastAccess* unknown_to(const VectorClock& clock) const {
    if (!more_) return clock.knows(first_.epoch) ? nullptr : &first_;
    for (const PastAccess& each : *more_) {
      if (!clock.knows(each.epoch)) return &each;
    }
    return nullptr;
  }
  // `clock` is the thread's that makes the access.
  void add(const PastAccess& access, const VectorClock& clock) {
    if (!more_ && clock.knows(first_.epoch)) {
      first_ = access;
      return;
    }
    if (!more_) more_ = std::make_unique<std::vector<PastAccess>>(1, first_);
    for (PastAccess& each : *more_) {
      if (each.epoch.thread == access.epoch.thread) {
        each = access;
        return;
      }
    }
    more_->push_back(access);
  }
  void clear() {
    first_ = PastAccess();
    more_ = nullptr;
  }

 private:
  PastAccess first_;
  std::unique_ptr<std::vector<PastAccess>> more_;  // null: first_ is all
};

class VariableHistory {
 public:
  // An access that is known has been looked at before, and changes nothing.
  bool knows_read(Epoch epoch, std::uint32_t locks) const { return reads_.has(epoch, locks); }
  bool knows_write(Epoch epoch, std::uint32_t locks) const {
    return write_.epoch == epoch && write_.locks == locks;
  }
  // The past access that one races with which a thread with that clock makes now; null: there is none.
  const PastAccess* race_of_read(const VectorClock& clock) const {
    return clock.knows(write_.epoch) ? nullptr : &write_;
  }
  const PastAccess* race_of_write(const VectorClock& clock) const {
    return clock.knows(write_.epoch) ? reads_.unknown_to(clock) : &write_;
  }
  void add_read(const PastAccess& access, const VectorClock& clock) { reads_.add(access, clock); }
  void add_write(const PastAccess& access) {
    write_ = access;
    reads_.clear();
  }
  const PastAccess& last_write() const { return write_; }

 private:
  PastAccess write_;
  AccessCrowd reads_;
};

// The same for what many change at the same time without a race, such as the set of a table's keys, to which
// threads add a key each. Whoever looks at all of it races with each of them.
class GrowthHistory {
 public:
  bool knows_look(Epoch epoch, std::uint32_t locks) const { return looks_.has(epoch, locks); }
  bool knows_change(Epoch epoch, std::uint32_t locks) const { return changes_.has(epoch, locks); }
  const PastAccess* race_of_look(const VectorClock& clock) const { return changes_.unknown_to(clock); }
  const PastAccess* race_of_change(const VectorClock& clock) const { return looks_.unknown_to(clock); }
  void add_look(const PastAccess& access, const VectorClock& clock) { looks_.add(access, clock); }
  void add_change(const PastAccess& access, const VectorClock& clock) { changes_.add(access, clock); }

 private:
  AccessCrowd looks_;
  AccessCrowd changes_;
};

}  // namespace gilvm
