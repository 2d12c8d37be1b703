// What the next instruction of a thread reads and writes of what threads share, element by element.
//
// It is found out before the instruction runs, from its operands. Unlike what the explorer needs to know
// (vm/explore/instruction_accesses.h), it must not be more than is really touched: a race is reported only
// where there is one. So what is not known of a native function is left out.
//
// Threads: one at a time.
#pragma once

#include <cstdint>
#include <vector>

#include "vm/object/table.h"
#include "vm/runtime/native_effects.h"

namespace gilvm {

struct SharedAccess {
  enum class Part : std::uint8_t {
    kContent,  // of a captured local
    kElement,  // of a table
    // Of a table, what changes as elements come and go. Those who change it do not race with each other.
    kLength,
    kKeys,
    // Of a table that has no lock of its own, its storage: a new key writes it, since the table may have to
    // grow, and then loses what is stored meanwhile; who stores at a key that is there reads it. The same for
    // the lock regimes under which an operation on a table is a whole: there it is no part.
    kStorage,
    kCoroutine,  // which one thread at a time can run
  };

  Object* object = nullptr;
  std::uint64_t key = 0;  // kElement: the same for keys that the table takes for one
  Part part = Part::kContent;
  bool writes = false;
  Register shown;  // kElement: the key
};

class SharedAccesses {
 public:
  // Looks up the library's functions in a VM where no script has run yet.
  void learn(VmThread& thread) {
    effects_.learn(thread);
    tables_have_no_lock_ = thread.vm().lock().regime == LockRegime::kNone;
  }
  // Of the instruction at the innermost frame's pc.
  const std::vector<SharedAccess>& of_next(VmThread& thread);

 private:
  static constexpr int kMostSteps = 8;                  // along __index
  static constexpr std::int64_t kMostElements = 1'000;  // of one instruction

  void element(Table* table, const Register& key, bool writes);
  void elements(Table* table, std::int64_t first, std::int64_t last, bool writes);
  void part(Object* object, SharedAccess::Part part, bool writes);
  void storage(Table* table, const Register& key, bool to_nil);
  void get(VmThread& thread, Value object, const Register& key);
  void set(VmThread& thread, Value object, const Register& key, bool to_nil);
  void store(Table* table, const Register& key, bool to_nil);
  void follow(Table* table, Value key);
  void call(VmThread& thread, Value function, const Register* arguments, std::size_t count);
  void call_known(TableOperation operation, const Register* arguments, std::size_t count);

  NativeEffects effects_;
  bool tables_have_no_lock_ = false;
  std::vector<SharedAccess> found_;
};

}  // namespace gilvm
