// The script modules: one .cpp file each, and how they enter a VM.
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "vm/interp/call.h"

namespace gilvm {

// A native function of a module.
struct LibraryFunction {
  const char* name;
  NativeCode code;
  NativeKind kind = NativeKind::kOrdinary;
};

// Adds the functions to `table`. REQUIRES: only one thread exists, or `table` is not shared yet.
void add_functions(VmThread& thread, Table* table, const LibraryFunction* functions, std::size_t count);
template <std::size_t count>
void add_functions(VmThread& thread, Table* table, const LibraryFunction (&functions)[count]) {
  add_functions(thread, table, functions, count);
}
void set_field(VmThread& thread, Table* table, const char* name, Value value);

// A native type for scripts: a metatable with __name, the methods, and, where there are any, attributes.
using AttributeGetter = Value (*)(NativeCall& call, NativeObject& object, std::string_view name);
// False with an error raised when there is no such attribute, or the value does not suit.
using AttributeSetter = bool (*)(NativeCall& call, NativeObject& object, std::string_view name, Value value);
Table* make_type(VmThread& thread, const char* name, const LibraryFunction* methods, std::size_t count,
                 AttributeGetter getter = nullptr, AttributeSetter setter = nullptr);
template <std::size_t count>
Table* make_type(VmThread& thread, const char* name, const LibraryFunction (&methods)[count],
                 AttributeGetter getter = nullptr, AttributeSetter setter = nullptr) {
  return make_type(thread, name, methods, count, getter, setter);
}
// The native object in argument `index`. Null with Lua's type error raised when it is something else.
template <typename T>
T* object_argument(NativeCall& call, unsigned index, const char* type) {
  const Value value = call[index];
  T* object = value.is_userdata() ? dynamic_cast<T*>(value.as_userdata()->object) : nullptr;
  if (!object) call.type_error(index, type);
  return object;
}

// Arguments that may be given by position or, as Python's keywords, in one table: f(1, 2) or f{a = 1, b = 2}.
class Keywords {
 public:
  // `first`: the index of the first argument. `names`: at most 4. False from ok() with an error raised for an
  // unknown keyword.
  Keywords(NativeCall& call, const char* function, unsigned first, std::initializer_list<const char*> names);
  bool ok() const { return ok_; }
  // The value of the argument in that place of `names`; nil where it was not given.
  Value operator[](unsigned place) const;

 private:
  NativeCall& call_;
  unsigned first_;
  std::array<const char*, 4> names_{};  // copied: the caller's list is gone when this is asked
  Table* table_ = nullptr;
  bool ok_ = true;
};
// A number of seconds as a deadline. None for nil or a negative number. False with an error raised: not a
// number.
bool deadline_after(NativeCall& call, Value seconds, std::optional<Instant>* deadline);

// Lets `require` find a module that is made by `open`, which returns the module's table as its one result.
void add_module(VmThread& thread, const char* name, NativeCode open);

// Calls `function` with the arguments, and catches its error as a text with a traceback.
// False: the function failed, and *failure says how; empty when the VM was interrupted.
bool call_reporting(VmThread& thread, Value function, const std::vector<Value>& arguments,
                    std::string* failure, Value* result = nullptr);

// Fill in the globals and the loaded modules of a new VM (Lua manual §6).
void open_base(VmThread& thread);
void open_coroutine(VmThread& thread);
void open_string(VmThread& thread);
void open_table(VmThread& thread);
void open_math(VmThread& thread);
void open_os(VmThread& thread);
void open_utf8(VmThread& thread);
void open_io(VmThread& thread);
void open_debug(VmThread& thread);
void open_package(VmThread& thread);
// Python's modules, which scripts require.
void add_threading(VmThread& thread);
void add_multiprocessing(VmThread& thread);
void add_time(VmThread& thread);
void add_sys(VmThread& thread);
// Waits for every process that the VM's scripts have started; ends daemons. REQUIRES: at a safepoint.
void join_all_processes(VmThread& thread);
// All of them.
void open_libraries(VmThread& thread);

}  // namespace gilvm
