// What is active in a coroutine, level by level, as Lua's debug library counts it (Lua manual §4.7,
// lua_getstack): level 0 is the function that runs, level 1 the one that called it, and so on.
//
// A native function has a frame only while it calls back; the one that runs at this moment has none, and is
// named by its NativeCall. Likewise coroutine.yield in a coroutine that is suspended, coroutine.resume in one
// that waits for another, and the function that raised the error which has ended a coroutine: the coroutine
// names them (waits_in). Frames without a function, by which the program itself calls a script, are no
// levels, nor is the protected call around a finalizer.
//
// Threads: the coroutine's, or any while nobody runs the coroutine. No safepoint: an Activation is good until
// the next one.
#pragma once

#include <cstdint>

#include "vm/object/coroutine.h"
#include "vm/runtime/variable_names.h"

namespace gilvm {

class NativeCall;

struct Activation {
  const CallFrame* frame = nullptr;  // null: the native function that runs now, or is waited in
  Value function;

  bool is_script() const { return frame && frame->kind == FrameKind::kScript; }
};

class Activations {
 public:
  // `running`: the native function that runs on top of the coroutine's frames, or null where none does.
  Activations(const Coroutine* coroutine, const NativeCall* running)
      : coroutine_(coroutine),
        running_(running),
        frame_(coroutine->frame()),
        starts_(running || coroutine->waits_in) {}

  // The next level outwards. False: there is none.
  bool next(Activation* activation);
  // Skips the levels below `level`, and gives that one. REQUIRES: nothing was asked for before.
  bool at(std::int64_t level, Activation* activation);

  // What the caller of `activation` calls it: "local", "f". Nothing, where no script called it by a name.
  VariableName name_of(const Activation& activation) const;
  // The index in the stack where the values of `activation` begin (register 0, or the first argument), and
  // one past the last of them.
  std::uint32_t begin_of(const Activation& activation) const;
  std::uint32_t end_of(const Activation& activation) const;

 private:
  const Coroutine* coroutine_;
  const NativeCall* running_;
  const CallFrame* frame_;
  bool starts_;  // the native function without a frame comes next

  // The index in the stack where its arguments begin.
  std::uint32_t first_of_native() const;
};

// The Lua instruction that a script's frame runs, by its place, and its line; -1 where that is not known.
std::int32_t lua_position_of(const CallFrame& frame);
std::int32_t current_line(const CallFrame& frame);

}  // namespace gilvm
