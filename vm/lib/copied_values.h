// Values that scripts send to another process or VM, as bytes: vm/copy with the names that the modules give.
//
// What is built in, and every module, crosses by its name: `require` gives the receiver its own. What a
// script keeps in its globals, and the fields of a module that is a script's, are copied as other values are.
//
// Threads: any attached thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vm/lib/library.h"

namespace gilvm {

// Appends the value to *bytes. False: a TypeError is raised, which says what cannot be sent, and where it is.
// `to_fresh_vm`: the receiver is a process that is being started with a VM of its own, and gets what shared
// memory and pipes it is handed.
bool copy_to_bytes(NativeCall& call, Value value, std::string* bytes, bool to_fresh_vm = false);

// The value, which nothing keeps alive: to be used before the next safepoint. False: a ValueError is raised.
// A safepoint, where a module is not loaded yet.
bool value_from_bytes(NativeCall& call, std::string_view bytes, Value* value, bool in_fresh_vm = false);

// A native object that may cross to a process that is being started, which has inherited its file descriptors
// and shared memory under the same numbers and addresses. A Userdata's NativeObject derives from it.
class InheritedObject : public NativeObject {
 public:
  // The same object for the child: shares what this one holds in the system.
  virtual std::unique_ptr<NativeObject> share() const = 0;
  // The field of the registry that has the metatable.
  virtual const char* metatable_name() const = 0;
  // Why it cannot be sent to a process that runs already.
  virtual const char* refusal() const = 0;
};

// What the VMs of a program share: an object that several heaps have handles to.
class SharedByVms {
 public:
  virtual ~SharedByVms() = default;
  virtual std::unique_ptr<NativeObject> make_handle() = 0;
  // The field of the registry that has the handles' metatable.
  virtual const char* metatable_name() const = 0;

 protected:
  SharedByVms() = default;
};
// A Userdata's NativeObject derives from it.
class VmHandle : public NativeObject {
 public:
  virtual std::shared_ptr<SharedByVms> shared() const = 0;
};

// A handle for this VM; nil where the module that has its type is not loaded.
Value new_handle(VmThread& thread, SharedByVms& shared);

// A value on its way from one VM to another one of the program: bytes, and what is shared and keeps living.
struct CrossingValue {
  std::string bytes;
  std::vector<std::shared_ptr<SharedByVms>> shared;
};

// False: *refusal says what cannot be sent, and where it is.
bool copy_to_vm(VmThread& thread, Value value, CrossingValue* crossing, std::string* refusal);
// As value_from_bytes().
bool value_from_vm(NativeCall& call, const CrossingValue& crossing, Value* value);

void add_copied_values(VmThread& thread);

}  // namespace gilvm
