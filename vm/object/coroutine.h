// A Lua thread of control: its registers and its call frames.
//
// Frames stand in an array of their own; the registers of a call overlap the caller's, so arguments are
// passed where they were computed. Both arrays grow by moving, so a pointer into them is good only until the
// next call.
//
// Threads: one VM thread runs a coroutine at a time: the one that has claimed it, by taking its status from
// kSuspended (or kFailed) to kRunning. Any VM thread may claim it. What is not atomic belongs to the
// claimant. Invariants:
//  (1) Every register from the bottom to the high-water mark holds a valid value: each collection marks those
//      in use and makes those above nil.
//  (2) frame_ is the innermost frame; its pc is up to date whenever other code than the interpreter's loop
//  runs.
//  (3) Whoever gives a claim up stores the status last: from then on another thread may run the coroutine.
//  (4) The chain of resumers leads from the coroutine that a VM thread runs to that thread's main one.
#pragma once

#include <atomic>
#include <vector>

#include "vm/object/function.h"

namespace gilvm {

enum class FrameKind : std::uint8_t {
  kScript,     // runs a closure
  kProtected,  // pcall or xpcall: catches errors of the frames above
  kContinued,  // a native function whose last act is a call: hands the results on
  kNative,     // a native function that has called back into the interpreter
};

// Where the results of a frame go.
enum class OnReturn : std::uint8_t {
  kCall,    // to the kCall instruction of the frame below
  kFinish,  // the instruction of the frame below made the call by itself (a metamethod): it is finished with
            // them
  kProtected,  // the frame below is of kind kProtected
  kContinued,  // the frame below is of kind kContinued
  kCoroutine,  // out of the coroutine, whose body has returned, to the one that resumed it
  kNative,     // out of the interpreter's loop, to native code
};

struct CallFrame {
  union {
    Closure* closure = nullptr;  // kScript
    Value handler;               // kProtected: the message handler of xpcall, or nil
  };
  union {
    const CodeWord* pc = nullptr;  // kScript: the instruction to go on with
    Value error;                   // kProtected: the error that was caught
  };
  Register* base = nullptr;  // kScript: register 0; kProtected, kContinued: where the results go
  union {
    NativeFunction* native = nullptr;  // all others: for tracebacks
    const Register* constants;         // kScript: the prototype's
  };
  std::uint32_t pending = 0;  // kScript: what is left of an interrupted instruction;
                              // kContinued: how many results are wanted, plus 1, or 0: all
  // kScript: how far the base was moved up over the extra arguments. kNative: the index in the stack of the
  // first argument of `native`.
  std::uint32_t shift = 0;
  FrameKind kind = FrameKind::kScript;
  OnReturn on_return = OnReturn::kCall;
  bool is_tail_call = false;
  bool closing = false;         // kProtected: an error was caught, variables are being closed
  bool runs_handler = false;    // kNative: what is called is a message handler
  bool runs_hook = false;       // kNative: what is called is a hook
  bool runs_finalizer = false;  // kNative: what is called is a __gc metamethod

  CallFrame() {}  // `= default` would be deleted, because of the unions

  // kScript: what a register operand stands for, and one that is a constant.
  Register& at(std::uint16_t offset) const {
    return *reinterpret_cast<Register*>(reinterpret_cast<char*>(base) + offset);
  }
  const Register& constant_at(std::uint16_t offset) const {
    return *reinterpret_cast<const Register*>(reinterpret_cast<const char*>(constants) + offset);
  }

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
// There may be very many coroutines.
static_assert(sizeof(CallFrame) == 48);

// A variable that is waiting to be closed (Lua manual §3.3.8).
struct ToBeClosed {
  std::uint32_t level;  // index of its register in the stack
  Value value;
};

// What a script has asked to be told of a coroutine's run (Lua manual §6.10, debug.sethook).
struct Hook {
  enum Mask : std::uint8_t { kCall = 1, kReturn = 2, kLine = 4, kCount = 8 };
  Value function;         // nil: nobody is told, though the mask may say what of
  std::uint8_t mask = 0;  // 0: no hook
  bool runs = false;      // the function runs now: what it does is not told
  bool jumped = false;    // the instruction before was a jump back
  std::int32_t count = 0, left = 0;
  std::int32_t last = 0;  // the instruction before, by its index; -1: the function has just been entered
  std::uint32_t first_transferred = 0, transferred = 0;  // the arguments or results that an event is about
};

enum class CoroutineStatus : std::uint8_t {
  kSuspended,  // has not begun, or has yielded
  kRunning,    // innermost in a VM thread
  kNormal,     // has resumed another one, and waits for it
  kFailed,     // an error has ended it: its stack is as it was then, its variables are not closed
  kDead,       // has ended, and has no stack any more
};

class Coroutine : public Object {
 public:
  static constexpr std::size_t kLargestStack = 1'000'000;  // registers, as LUAI_MAXSTACK
  // Always free above a frame: for the results of a native function that does not ask for more
  // (NativeCall::reserve_results), and for what is kept during a collection.
  static constexpr std::size_t kSpare = 8;
  static constexpr std::size_t kLargestDepth = 1'000'000;  // frames

  // A VM thread's own, which is not resumed and cannot yield. It runs.
  static Coroutine* make_main(LocalHeap& heap);
  // Suspended: the first resume calls `body`, which is a function.
  static Coroutine* make(LocalHeap& heap, Value body);

  bool is_main() const { return is_main_; }
  CoroutineStatus status() const { return status_.load(std::memory_order_acquire); }
  // The release pairs with the acquire in claim(): who runs it next sees what was done before.
  void set_status(CoroutineStatus status) { status_.store(status, std::memory_order_release); }
  // Makes the coroutine the caller's to run. False: its status is another one, or another thread was
  // faster.
  bool claim(CoroutineStatus expected) {
    return status_.compare_exchange_strong(expected, CoroutineStatus::kRunning, std::memory_order_acquire,
                                           std::memory_order_relaxed);
  }
  // Leaves the running for another one: `function`, whose register is `place`, has resumed or yielded. What
  // comes back goes to that register and those above, and from there where `on_return` says.
  void wait(NativeFunction* function, Register* place, OnReturn on_return) {
    waits_in = function;
    waits_at = index_of(place);
    waits_for = on_return;
    top = place + 1;
  }
  // Frees the registers and frames. REQUIRES: nothing will run in it again.
  void release();

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
  // Gives back most of what a deep recursion has left behind. May move the stack and the frames.
  void shrink();
  bool is_in_error_room() const { return stack_end_ > stack_ + kLargestStack; }
  // Gives that room back, when nothing stands there any more. May move the stack.
  void leave_error_room();
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
  // frames of kind kProtected and kContinued.
  std::uint32_t nesting = 0;
  // The depth of the one that resumed this one, and the resume itself.
  std::uint32_t depth_below = 0;
  // Everything that is going on inside one another, of which Lua allows some two hundred.
  std::uint32_t depth() const { return depth_below + nesting + native_calls(); }

  // Who is to run when this one yields or ends. Null unless it runs or is normal, and is no main one.
  Coroutine* resumer = nullptr;
  // See wait(). waits_in is null where it does not wait so. kFailed: waits_in is the native function that
  // raised the error, or null.
  NativeFunction* waits_in = nullptr;
  std::uint32_t waits_at = 0;
  OnReturn waits_for = OnReturn::kCoroutine;
  bool has_begun = false;
  // Its thread has stopped before the instruction at the innermost frame's pc: no other is under way.
  bool is_between_instructions = false;
  // kFailed: the error; while the variables are closed, the error that their methods are told.
  Value failure;

  // Native functions in it that have called back into the interpreter: it cannot yield across them.
  // Any thread may ask.
  std::uint32_t native_calls() const { return native_calls_.load(std::memory_order_relaxed); }
  void enter_native_call() { native_calls_.store(native_calls() + 1, std::memory_order_relaxed); }
  void leave_native_call() { native_calls_.store(native_calls() - 1, std::memory_order_relaxed); }
  Hook hook;

  static void trace(Marker& marker, Object* object);
  static void destroy(Object* object);

 private:
  Coroutine(Heap& heap, std::size_t registers, std::size_t frames);
  static Coroutine* make(LocalHeap& heap, std::size_t registers, std::size_t frames);
  // Bytes of both arrays.
  std::size_t outside_bytes() const;
  bool grow_frames();
  bool move_frames(std::size_t count);
  bool move_stack(std::size_t size);
  bool grow_stack(const Register* from, std::size_t count, bool in_error);
  // One past the registers that the innermost frame may use, and one past those that it will still read. The
  // others may keep what a statement has long done with; a script's loop may wait for just its finalizer.
  Register* limit_of_use() const;
  Register* limit_of_need() const;

  Heap& heap_;
  Register* stack_;
  Register* stack_end_;
  CallFrame* frames_;
  CallFrame* frame_;
  CallFrame* frames_end_;
  std::atomic<CoroutineStatus> status_{CoroutineStatus::kSuspended};
  bool is_main_ = false;
  std::atomic<std::uint32_t> native_calls_{0};
};

}  // namespace gilvm
