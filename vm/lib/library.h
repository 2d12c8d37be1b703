// The script modules: one .cpp file each, and how they enter a VM.
#pragma once

#include <array>
#include <initializer_list>
#include <optional>
#include <string>
#include <typeinfo>
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
  NativeObject* const native = value.is_userdata() ? value.as_userdata()->object : nullptr;
  // Nearly always it is exactly a T, which is much quicker to see.
  if (native && typeid(*native) == typeid(T)) return static_cast<T*>(native);
  T* object = dynamic_cast<T*>(native);
  if (!object) call.type_error(index, type);
  return object;
}

// Raises an exception of the module `builtins`, as RuntimeError("why"). A safepoint, since the module is
// written in Lua; the arguments that are used before are not to be used afterwards. Returns kNativeError.
int raise_exception(NativeCall& call, const char* type, const std::string& message);
// The parts of packages are not in package.preload until their package is loaded or one of them is asked for,
// so that a start without them does not pay for them. Puts the part `name` there; false: there is none.
bool add_embedded_part(VmThread& thread, std::string_view name);
// Raises the type itself: an exception that needs no arguments.
int raise_exception_type(NativeCall& call, const char* type);
// Raises type(number, message): OSError, or a subtype of it.
int raise_error_number(NativeCall& call, const char* type, int number, const std::string& message);
// Raises the OSError, or the subtype of it, that Python has for this errno: "[Errno 2] No such file or
// directory".
int raise_system_error(NativeCall& call, int number);

// Raises the error of a function that does what no deterministic schedule can decide. Returns kNativeError.
int refuse_under_schedule(NativeCall& call, const char* function);

// Arguments that may be given by position or, as Python's keywords, in one table: f(1, 2) or f{a = 1, b = 2}.
class Keywords {
 public:
  // `first`: the index of the first argument. `names`: at most 6. False from ok() with a TypeError raised for
  // an unknown keyword.
  Keywords(NativeCall& call, const char* function, unsigned first, std::initializer_list<const char*> names);
  bool ok() const { return ok_; }
  // The value of the argument in that place of `names`; nil where it was not given.
  Value operator[](unsigned place) const;

 private:
  NativeCall& call_;
  unsigned first_;
  std::array<const char*, 6> names_{};  // copied: the caller's list is gone when this is asked
  Table* table_ = nullptr;
  bool ok_ = true;
};
// A number of seconds as a deadline. None for nil or a negative number. False with a TypeError raised: not a
// number.
bool deadline_after(NativeCall& call, Value seconds, std::optional<Instant>* deadline);
// The timeout of a lock's acquire: none for nil and for -1; an error for another negative number, and for one
// above kLongestTimeout. *has_timeout: there is one.
inline constexpr double kLongestTimeout = 9223372036.0;  // CPython's threading.TIMEOUT_MAX
bool lock_deadline(NativeCall& call, Value seconds, std::optional<Instant>* deadline, bool* has_timeout);

// Lets `require` find a module that is made by `open`, which returns the module's table as its one result.
void add_module(VmThread& thread, const char* name, NativeCode open);

// Calls `function` with the arguments, and catches its error as a text with a traceback.
// False: the function failed, and *failure says how; empty when the VM was interrupted.
bool call_reporting(VmThread& thread, Value function, const std::vector<Value>& arguments,
                    std::string* failure, Value* result = nullptr);

// The same for what a user types. Vm::interrupt(thread) ends it too: the variables that it left open are
// closed, and *failure is "interrupted!" with a traceback. All results, which nothing keeps alive: they are
// to be used before the next safepoint.
bool call_interruptibly(VmThread& thread, Value function, const std::vector<Value>& arguments,
                        std::string* failure, std::vector<Value>* results);

// The same, with the error as it is.
struct CaughtError {
  Value error;            // nothing keeps it alive: to be used before the next safepoint
  std::string text;       // as an error message shows it; empty when the VM was interrupted
  std::string traceback;  // without the text; empty where there was no room for it
};
bool call_catching(VmThread& thread, Value function, const std::vector<Value>& arguments,
                   CaughtError* caught);
// The same, where Vm::interrupt(thread) ends the call with the error "interrupted!", as call_interruptibly().
bool call_catching_interruptibly(VmThread& thread, Value function, CaughtError* caught);

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
void add_gil(VmThread& thread);
// Python's functions of the module `os`.
void add_os_processes(VmThread& thread, Table* os);
int cpu_count(NativeCall& call);  // os.cpu_count and multiprocessing.cpu_count
void add_queue(VmThread& thread);
void add_interpreters(VmThread& thread);
void add_event_loop(VmThread& thread);
void add_socket(VmThread& thread);
void add_sqlite(VmThread& thread);
// And those of Python's modules that are written in Lua: vm/lib/lua.
void add_embedded_modules(VmThread& thread);
// Waits for every process that the VM's scripts have started; ends daemons. REQUIRES: at a safepoint.
void join_all_processes(VmThread& thread);
// All of them.
void open_libraries(VmThread& thread);

}  // namespace gilvm
