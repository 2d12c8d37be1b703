// The locks of the module `multiprocessing`, as native code makes and uses them.
#pragma once

#include <memory>

#include "vm/lib/copied_values.h"
#include "vm/process/shared_locks.h"

namespace gilvm {

// A native object whose state is in shared memory. What a process keeps for itself, as who of its threads has
// a lock, is in T too, and all objects that stand for it share it.
template <typename T>
class SharedObject : public InheritedObject {
 public:
  explicit SharedObject(std::shared_ptr<T> shared) : state(std::move(shared)) {}
  const std::shared_ptr<T> state;
};

class ProcessLock final : public SharedObject<SharedLock> {
 public:
  using SharedObject::SharedObject;
  const char* type_name() const override { return state->recursive ? "RLock" : "Lock"; }
  const char* metatable_name() const override {
    return state->recursive ? "_PROCESS_RLOCK" : "_PROCESS_LOCK";
  }
  const char* refusal() const override {
    return "Lock objects should only be shared between processes through inheritance";
  }
  std::unique_ptr<NativeObject> share() const override { return std::make_unique<ProcessLock>(state); }
};

// Null with an OSError raised: there is no memory.
std::shared_ptr<SharedLock> make_shared_lock(NativeCall& call, bool recursive);
Value lock_object(VmThread& thread, const std::shared_ptr<SharedLock>& lock);

// When a wait ends: at once where `block` is false, never where `timeout` is nil. False with an error raised.
bool wait_deadline(NativeCall& call, Value block, Value timeout, std::optional<Instant>* deadline);

// Adds their types to the VM, and what makes them to the module `_multiprocessing`.
void add_process_locks(VmThread& thread, Table* module);

}  // namespace gilvm
