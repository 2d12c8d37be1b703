// The functions of `debug` for upvalues: the cells that a closure has captured.
//
// A native function's slots are its upvalues; they have no names, and scripts cannot change them, as native
// code relies on what it put there.
#include "vm/lib/debug.h"

namespace gilvm {
namespace {

// Arguments `first` and `first` + 1: a function, and the number of an upvalue. False with the error raised.
bool upvalue_arguments(NativeCall& call, unsigned first, Value* function, std::int64_t* number) {
  return call.integer(first + 1, number) && call.function(first, function);
}

bool has_upvalue(Value function, std::int64_t number) {
  const unsigned count =
      function.is_closure() ? function.as_closure()->upvalue_count() : function.as_native()->slot_count();
  return number >= 1 && number <= count;
}

Cell*& cell_of(Value function, std::int64_t number) { return function.as_closure()->upvalues()[number - 1]; }

Value name_of(VmThread& thread, Value function, std::int64_t number) {
  std::string name;
  if (function.is_closure()) {
    name = function.as_closure()->prototype->upvalues[static_cast<std::size_t>(number - 1)].name;
    if (name.empty()) name = "(no name)";
  }
  return Value::string(thread.string(name));
}

// What is the same for two closures exactly when they share the variable.
Value identity_of(Value function, std::int64_t number) {
  if (function.is_closure()) return Value::identity(cell_of(function, number));
  return Value::identity(&function.as_native()->slots()[number - 1]);
}

}  // namespace

int debug_get_upvalue(NativeCall& call) {
  Value function;
  std::int64_t number;
  if (!upvalue_arguments(call, 0, &function, &number)) return kNativeError;
  if (!has_upvalue(function, number)) return call.none();
  const Value value = function.is_closure() ? cell_of(function, number)->content.load()
                                            : function.as_native()->slots()[number - 1].load();
  return call.two(name_of(call.thread(), function, number), value);
}

int debug_set_upvalue(NativeCall& call) {
  Value function;
  std::int64_t number;
  if (!call.any(2) || !upvalue_arguments(call, 0, &function, &number)) return kNativeError;
  if (!has_upvalue(function, number)) return call.none();
  if (function.is_closure()) cell_of(function, number)->assign(call.thread().heap(), call[2]);
  return call.one(name_of(call.thread(), function, number));
}

int debug_upvalue_id(NativeCall& call) {
  Value function;
  std::int64_t number;
  if (!upvalue_arguments(call, 0, &function, &number)) return kNativeError;
  return call.one(has_upvalue(function, number) ? identity_of(function, number) : Value::nil());
}

int debug_upvalue_join(NativeCall& call) {
  Value to, from;
  std::int64_t to_number, from_number;
  if (!upvalue_arguments(call, 0, &to, &to_number)) return kNativeError;
  if (!has_upvalue(to, to_number)) return call.argument_error(1, "invalid upvalue index");
  if (!upvalue_arguments(call, 2, &from, &from_number)) return kNativeError;
  if (!has_upvalue(from, from_number)) return call.argument_error(3, "invalid upvalue index");
  if (!to.is_closure()) return call.argument_error(0, "Lua function expected");
  if (!from.is_closure()) return call.argument_error(2, "Lua function expected");
  // Which cells a closure has is no slot: other threads read it at any time but now.
  call.vm().stop_the_world(call.thread());
  cell_of(to, to_number) = cell_of(from, from_number);
  call.vm().resume_the_world(call.thread());
  return call.none();
}

}  // namespace gilvm
