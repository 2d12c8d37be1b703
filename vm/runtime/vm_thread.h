// A thread of a VM: its eval breaker, its dispatch table, its part of the heap, the coroutine that it runs.
//
// Threads: a VmThread belongs to the OS thread (or fiber) that made it; request() and what is atomic are for
// any. Invariants:
//  (1) Values are read and written only while attached: under the GIL that is to hold it, otherwise to be
//  counted
//      by stop_the_world().
//  (2) A request is never lost: its bit is set before the dispatch table is changed, and read after it is
//  restored.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "vm/bytecode/instruction.h"
#include "vm/object/coroutine.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/scheduler.h"

namespace gilvm {

class Vm;

// Why a thread should leave its script's instructions for a moment.
enum Breaker : std::uint32_t {
  kDropRequest = 1 << 0,   // another thread wants the GIL; set and cleared by the Gil alone
  kStopTheWorld = 1 << 1,  // another thread needs all the others to stand still
  kCollect = 1 << 2,       // the heap has grown enough for a collection
  kInterrupt = 1 << 3,     // the VM ends: Ctrl-C, a time-out, or os.exit
  kNewDispatch = 1 << 4,   // the switch points are to be watched in another way
  kCountUsedUp = 1 << 5,   // a counted interval is over, and another thread wants the GIL
  kFinalize = 1 << 6,      // finalizers are due: the interpreter's loop calls them
};

// Addresses inside the interpreter's loop, which it makes known once.
struct DispatchLabels {
  const void* direct[kOpcodeCount];  // the handler of each instruction
  const void* poll;                  // answers the eval breaker, then goes to the handler
  const void* count;                 // counts the instruction, then goes to the handler
  const void* hook;                  // tells the coroutine's hook, then goes to the handler
};

class VmThread final : public GilClient, private PressureListener {
 public:
  VmThread(Vm& vm, std::string name);
  ~VmThread() override;

  Vm& vm() { return vm_; }
  LocalHeap& heap() { return *heap_; }
  Parker& parker() { return parker_; }
  const std::string& name() const { return name_; }
  std::uint64_t number() const { return number_; }

  // The coroutine that runs.
  Coroutine* coroutine;
  // The error that is on its way, while a call returns kError.
  Value error;
  // The native function that raised it, or null when an instruction did.
  NativeFunction* erring_native = nullptr;
  // A message handler has seen the error already.
  bool error_is_handled = false;
  // The native function that runs, and where its arguments begin in the stack; null outside of all scripts.
  NativeFunction* running_native = nullptr;
  std::uint32_t running_first = 0;
  // An operation is done for a native function, not for an instruction of the innermost frame.
  bool operates_for_native = false;
  // Nested calls from native code to the interpreter.
  unsigned native_depth = 0;
  // A finalizer runs: the others that are due wait until it has returned.
  bool runs_finalizer = false;
  // The script's object that stands for this thread, or nil.
  Value script_object;
  // The number of the worker that it is in `run --threads` or an experiment, from 1; 0: none.
  unsigned worker = 0;

  // The loop reads its next handler from here. Other threads may make the entries of switch points lead to
  // `poll`.
  std::atomic<const void*> dispatch[kOpcodeCount];

  bool breaker_is_set() const { return breaker_.load(std::memory_order_relaxed) != 0; }
  // Asks the thread to answer at its next switch point. Any thread.
  void request(Breaker reason);
  void clear(Breaker reason) {
    breaker_.fetch_and(~static_cast<std::uint32_t>(reason), std::memory_order_acq_rel);
  }
  // What was requested is done. False: the thread leaves what it runs, because it is interrupted or, with the
  // error raised, because a collection has left no memory. REQUIRES: attached, at a safepoint: everything
  // that the collector must see is in registers and frames, which may move.
  [[nodiscard]] bool answer_breaker();
  // One instruction more is about to be run: in a counted interval, it counts. At its end another thread may
  // get the GIL.
  void count_instruction() {
    if (counts_ && --instructions_left_ == 0) count_used_up();
  }
  // Is every instruction a switch point (SwitchPoints::kEvery)?
  bool stops_anywhere() const { return stops_anywhere_; }
  bool finalizers_are_due() const { return breaker_.load(std::memory_order_relaxed) & kFinalize; }
  // The hook of the coroutine that runs was set or removed, or another coroutine runs.
  void hook_has_changed();
  bool interrupted() const { return breaker_.load(std::memory_order_relaxed) & kInterrupt; }

  // Gives up the right to touch values, because the thread is about to block; and takes it back.
  void detach();
  void attach();

  // Waits in the scheduler, detached. REQUIRES: at a safepoint.
  WakeReason park(std::optional<Instant> deadline);

  // The value in a register, with a wide integer put in a box.
  Value boxed(const Register& reg) { return reg.value.is_wide() ? box(reg.wide) : reg.value; }
  Value integer(std::int64_t integer) {
    return Value::fits_inline(integer) ? Value::inline_integer(integer) : box(integer);
  }
  String* string(std::string_view bytes);

  void request_drop() noexcept override { request(kDropRequest); }
  void clear_drop_request() noexcept override { clear(kDropRequest); }

 private:
  friend class Vm;
  enum class State : std::uint32_t { kDetached, kAttached };
  void heap_is_under_pressure() override { request(kCollect); }
  Value box(std::int64_t integer);
  void count_used_up();
  void set_up_dispatch();
  void lead_to_poll();

  Vm& vm_;
  LocalHeap* heap_;
  Parker& parker_;
  std::string name_;
  std::uint64_t number_;
  std::atomic<std::uint32_t> breaker_{0};
  std::atomic<State> state_{State::kDetached};
  std::uint64_t instructions_left_ = 0;
  bool counts_ = false;        // the switch interval is a number of instructions
  const bool stops_anywhere_;  // SwitchPoints::kEvery
};

// REQUIRES: called before any thread runs a script. The labels live for ever.
void set_dispatch_labels(const DispatchLabels* labels);

// Detached from the VM for a scope: around anything that may block.
class Blocking {
 public:
  explicit Blocking(VmThread& thread) : thread_(thread) { thread.detach(); }
  ~Blocking() { thread_.attach(); }
  Blocking(const Blocking&) = delete;

 private:
  VmThread& thread_;
};

}  // namespace gilvm
