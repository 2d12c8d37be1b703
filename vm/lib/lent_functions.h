// Functions of liblua that work on plain values: format items, pack and unpack, dates.
//
// Each OS thread has a Lua state of its own for them. A LentCall copies the arguments there, runs the
// function in a protected call, and turns the results into ours. No script runs meanwhile, so calls never
// nest, no fiber switches inside one, and no longjmp passes over our frames.
//
// A long subject is copied once, not once for each call: the state keeps the last few of them, and knows them
// by their address, their identity and the number of collections so far, which together no other string has.
//
// Threads: a LentCall is used by the thread that made it; one exists at a time in an OS thread.
// Invariants:
//  (1) Nothing in this file is a safepoint.
#pragma once

#include "vm/runtime/native_call.h"

struct lua_State;

namespace gilvm {

enum class LentFunction {
  kFormat,
  kPack,
  kPackSize,
  kUnpack,
  kDate,
  kCount,
};

// A call of one of them:
//   LentCall lent(thread, LentFunction::kUnpack);
//   lent.push(Value::string(format));
//   lent.push_subject(packed);
//   if (!lent.run(call)) return kNativeError;
//   Value first = lent.result(0);
class LentCall {
 public:
  LentCall(VmThread& thread, LentFunction function);
  ~LentCall();
  LentCall(const LentCall&) = delete;

  // Nil, booleans, numbers and strings are copied; of anything else the lent function sees only the address.
  void push(Value value);
  void push_integer(std::int64_t integer);
  void push_text(std::string_view text);
  // The address of an object, as "%p" shows it; null for what is no object.
  void push_address(Value value);
  // As push(), for a string that is likely to come again.
  void push_subject(String* subject);

  // Runs the function. False: its error is raised as one of `call`. An error about argument n is one about
  // argument n - 1 + `shift` of the call, counted from 0.
  [[nodiscard]] bool run(NativeCall& call, int shift = 0);

  unsigned result_count() const { return static_cast<unsigned>(results_); }
  // REQUIRES: index < result_count(), and the result is nil, a boolean, a number or a string.
  Value result(unsigned index);
  bool result_is_nil(unsigned index);
  // REQUIRES: the result is an integer.
  std::int64_t integer_result(unsigned index);
  // The bytes of a string; they live as long as the LentCall. REQUIRES: the result is a string.
  std::string_view text_result(unsigned index);
  // The fields of a table, as a new one of ours. REQUIRES: the result is a table of plain values.
  Table* table_result(unsigned index);

 private:
  void raise_message_of(NativeCall& call, int shift);
  Value value_at(int position);

  VmThread& thread_;
  lua_State* state_;
  int base_;  // the lent function stands above this position of the stack
  int results_ = 0;
};

}  // namespace gilvm
