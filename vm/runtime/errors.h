// Raising errors: the error becomes the thread's, and the caller returns that it failed.
#pragma once

#include <string>
#include <string_view>

#include "vm/runtime/vm.h"

namespace gilvm {

// Lua's name of a value's basic type: "nil", "number", ... (Lua manual §6.1, `type`).
const char* type_name(Value value);
// The same, or the __name of its metatable (luaT_objtypename).
std::string type_name_of(VmThread& thread, Value value);
// The metatable of any value; null: none.
Table* metatable_of(VmThread& thread, Value value);
// The place of the metatable that all values of the type of `value` share.
// REQUIRES: `value` is no table and no userdata.
std::atomic<Table*>& basic_metatable(Vm& vm, Value value);
// The value's metamethod; nil: none.
Value metamethod(VmThread& thread, Value value, Event event);

// "file:line: " of the script function at `level`: 1 is the innermost frame, which is the one that runs now,
// or that called the native function that runs now. Frames of modules that are built in
// (Prototype::is_library) are passed over. Empty where that frame is no script's.
std::string position_at(VmThread& thread, int level);

// Raises `value` as it is.
void raise(VmThread& thread, Value value);
// Raises `message` as luaL_error does in a native function: with the position of the script that called it.
void raise_in_native(VmThread& thread, std::string_view message);
// Raises `message` as luaG_runerror does: with the position of the instruction that runs; without one, where
// a native function has asked for an operation (OperatesForNative).
void raise_message(VmThread& thread, std::string_view message);

// "module.name" of a function that a loaded module holds, as pushglobalfuncname has it; or nothing.
std::string global_function_name(VmThread& thread, Value function);
// How Lua writes numbers: "%d" and "%.14g", with ".0" where a float looks like an integer.
std::string number_text(Value number);
std::string integer_text(std::int64_t integer);
std::string float_text(double number);

// A numeral as Lua's tonumber reads it. False when `text` is none.
bool number_from_text(std::string_view text, Register* result);
// The integer that equals `number`. False: there is none.
bool exact_integer(double number, std::int64_t* result);

}  // namespace gilvm
