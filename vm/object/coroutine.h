// A Lua thread of control: its registers and its call frames.
//
// Frames stand in an array of their own; the registers of a call overlap the caller's, so arguments are
// passed where they were computed. Both arrays grow by moving, so a pointer into them is good only until the
// next call.
//
// Threads: one VM thread runs a coroutine at a time.
// Invariants:
//  (1) Every register from the bottom to the high-water mark holds a valid value: each collection marks those
//      in use and makes those above nil.
//  (2) frame_ is the innermost frame; its pc is up to date whenever other code than the interpreter's loop
//  runs.
#pragma once

#include <vector>

#include "vm/object/function.h"

namespace gilvm {

enum class FrameKind : std::uint8_t {
  kScript,     // runs a closure
  kProtected,  // pcall or xpcall: catches errors of the frames above
  kNative,     // a native function that has called back into the interpreter
};

// Where the results of a frame go.
enum class OnReturn : std::uint8_t {
  kCall,    // to the kCall instruction of the frame below
  kFinish,  // the instruction of the frame below made the call by itself (a metamethod): it is finished with
            // them
  kProtected,  // the frame below is of kind kProtected
  kNative,     // out of the interpreter's loop, to native code
};

struct CallFrame {
  Closure* closure = nullptr;    // kScript
  const CodeWord* pc = nullptr;  // kScript: the instruction to go on with
  Register* base = nullptr;      // kScript: register 0; kProtected: where the results go
  union {
    NativeFunction* native = nullptr;  // kProtected, kNative: for tracebacks
    const Register* constants;         // kScript: the prototype's
  };
  std::uint32_t pending = 0;  // kScript: what is left of an interrupted instruction
  std::uint32_t shift = 0;    // kScript: how far the base was moved up over the extra arguments
  FrameKind kind = FrameKind::kScript;
  OnReturn on_return = OnReturn::kCall;
  bool is_tail_call = false;
  bool closing = false;       // kProtected: an error was caught, variables are being closed
  bool runs_handler = false;  // kNative: what is called is a message handler
  Value handler;              // kProtected: the message handler of xpcall, or nil
  Value error;                // kProtected: the error that was caught

  // Becomes the frame of a script function that a kCall calls.
  void begin(Closure* new_closure, const CodeWord* start, Register* registers) {
    closure = new_closure;
    pc = start;
    base = registers;
    constants = new_closure->prototype->constants.data();
    shift = 0;
    kind = FrameKind::kScript;
    on_return = OnReturn::kCall;
    is_tail_call = false;
    closing = false;
  }
};

// A variable that is waiting to be closed (Lua manual §3.3.8).
struct ToBeClosed {
  std::uint32_t level;  // index of its register in the stack
  Value value;
};

class Coroutine : public Object {
 public:
  static constexpr std::size_t kLargestStack = 1'000'000;  // registers, as LUAI_MAXSTACK
  static constexpr std::size_t kSpare = 32;                // registers that are always free above a frame
  static constexpr std::size_t kLargestDepth = 1'000'000;  // frames

  static Coroutine* make(LocalHeap& heap);

  Register* stack() const { return stack_; }
  Register* stack_end() const { return stack_end_; }  // kSpare below the real end
  CallFrame* frame() const { return frame_; }
  CallFrame* first_frame() const { return frames_; }
  std::uint32_t index_of(const Register* reg) const { return static_cast<std::uint32_t>(reg - stack_); }

  // Makes sure that `count` registers from `from` on exist. False: the stack would be too large.
  // May move the stack. Error handlers get some more room than others: `in_error`.
  bool reserve(const Register* from, std::size_t count, bool in_error = false) {
    return from + count <= stack_end_ || grow_stack(from, count, in_error);
  }
  // A new innermost frame. Null: too deep. May move the frames.
  CallFrame* push_frame() {
    if (frame_ + 1 == frames_end_ && !grow_frames()) return nullptr;
    return ++frame_;
  }
  void pop_frame() { --frame_; }
  void set_frame(CallFrame* frame) { frame_ = frame; }
  // Room for one frame more, so that the loop can push by itself.
  bool has_frame_room() const { return frame_ + 1 != frames_end_; }

  // One past the last of an open list of values: arguments, results, varargs; or of a native call's
  // arguments.
  Register* top;
  std::vector<ToBeClosed> to_be_closed;
  // Metamethods and protected calls that run inside one another: script frames with OnReturn::kFinish, and
  // frames of kind kProtected.
  std::uint32_t nesting = 0;

  static void trace(Marker& marker, Object* object);
  static void destroy(Object* object);

 private:
  Coroutine() = default;
  bool grow_frames();
  bool grow_stack(const Register* from, std::size_t count, bool in_error);
  Register* limit_of_use() const;

  Register* stack_;
  Register* stack_end_;
  CallFrame* frames_;
  CallFrame* frame_;
  CallFrame* frames_end_;
};

}  // namespace gilvm
