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
#include <mutex>
#include <string>
#include <vector>

#include "vm/bytecode/instruction.h"
#include "vm/object/coroutine.h"
#include "vm/object/table.h"
#include "vm/runtime/gil.h"
#include "vm/runtime/scheduler.h"
#include "vm/runtime/turn_log.h"
#include "vm/runtime/turns.h"

namespace gilvm {

class Vm;

// Why a thread should leave its script's instructions for a moment.
enum Breaker : std::uint32_t {
  kDropRequest = 1 << 0,   // another thread wants the GIL; set and cleared by the Gil alone
  kStopTheWorld = 1 << 1,  // another thread needs all the others to stand still
  kCollect = 1 << 2,       // the heap has grown enough for a collection
  kInterrupt = 1 << 3,     // the VM ends: Ctrl-C, a time-out, or os.exit; or what the thread runs is to end
  kNewDispatch = 1 << 4,   // the switch points are to be watched in another way
  kCountUsedUp = 1 << 5,   // a counted interval is over, and another thread wants the GIL
  kFinalize = 1 << 6,      // finalizers are due: the interpreter's loop calls them
};

// Addresses inside the interpreter's loop, which it makes known once.
struct DispatchLabels {
  const void* direct[kHandlerCount];
  const void* locked[kHandlerCount];   // under the lock regime `object`: stores into tables are others
  const void* counted[kHandlerCount];  // where references are counted: assignments are others
  const void* poll;                    // answers the eval breaker, then goes to the handler
  const void* count;                   // counts the instruction, then goes to the handler
  const void* watch;                   // the same, and tells the scheduler's watcher
  const void* hook;                    // tells the coroutine's hook, then goes to the handler
};

class WaitReason;

class VmThread final : public GilClient, private PressureListener {
 public:
  VmThread(Vm& vm, std::string name, std::uint64_t number);
  ~VmThread() override;

  Vm& vm() { return vm_; }
  LocalHeap& heap() { return *heap_; }
  Parker& parker() { return *parker_; }
  // From now on it is the calling OS thread's. REQUIRES: detached, and nobody else uses it meanwhile.
  void move_to_this_thread();
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
  // It is the interruption of this thread, and says where that came.
  bool error_is_interruption = false;
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
  // The script's values that only this thread sees (threading.local): a table, or nil.
  Value locals;
  // What it waits for without a deadline; null: it does not.
  const WaitReason* waits_for = nullptr;
  // The number of the worker that it is in `run --threads` or an experiment, from 1; 0: none.
  unsigned worker = 0;

  // The loop reads its next handler from here. Other threads may make the entries of switch points lead to
  // `poll`.
  std::atomic<const void*> dispatch[kHandlerCount];
  // Where the detours lead to in the end: the handlers of this thread's lock regime.
  const void* const* handlers = nullptr;

  // Coroutines that an interruption of this thread alone has ended (kFailed), innermost first: who catches it
  // closes their variables. Behind `dispatch`, which the loop reaches with a short offset.
  std::vector<Coroutine*> interrupted_coroutines;
  // The loop of the module `asyncio` that runs in this thread, or nil; and the Vm::generation() of the
  // process in which it does: a child of a fork has none.
  Value event_loop;
  unsigned event_loop_generation = 0;

  // What an assignment in steps stores and replaces: nothing else may keep it alive.
  Value assigned, replaced;
  // Of the table to which its instruction adds a key.
  TableGrowth growth;

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
  // An instruction is about to be run. In a counted interval, it counts; at its end another thread may get
  // the GIL. A deterministic scheduler may let others run first. `may_stop`: it is a switch point.
  void before_instruction(Opcode opcode, bool may_stop) {
    if (turns_) come_to_instruction(opcode, may_stop);
    ++instructions_;
    if (counts_ && --instructions_left_ == 0) count_used_up();
  }
  // The instruction at the frame's pc is next: the scheduler's watcher is told. REQUIRES: there is one.
  void tell_watcher() { turns_->watcher->before_instruction(*this); }
  // The instruction at the frame's pc is run now. A deterministic scheduler may let others run in the middle
  // of it: without a lock, where it makes a table grow.
  void begin_instruction(Opcode opcode) {
    if (turns_ && adds_to_table(opcode)) grow_in_steps();
  }
  // May a deterministic scheduler let others run between two accesses of one instruction or of one native
  // function? Without a lock.
  bool works_in_steps() const;
  // Between the steps of an assignment whose references are counted (interp/counted_assignments).
  // REQUIRES: works_in_steps().
  void end_step_of_assignment() { take_turn(TurnReason::kAccess); }
  // Between those of a native function. A safepoint. REQUIRES: works_in_steps().
  void end_step_of_function() { take_turn(TurnReason::kInside); }
  // A native function is about to store to the table, past its metamethods: others may run in the middle of
  // the growth that this needs. A safepoint, which keeps the table alive alone. REQUIRES: works_in_steps().
  void grow_in_steps(Table* table, Value key);
  // Is every instruction a switch point (SwitchPoints::kEvery)?
  bool stops_anywhere() const { return stops_anywhere_; }
  bool finalizers_are_due() const { return breaker_.load(std::memory_order_relaxed) & kFinalize; }
  // The hook of the coroutine that runs was set or removed, or another coroutine runs.
  void hook_has_changed();
  // From now on the VM may have other threads. REQUIRES: the caller's thread, at a safepoint.
  void expect_threads();
  bool interrupted() const { return breaker_.load(std::memory_order_relaxed) & kInterrupt; }

  // Gives up the right to touch values, because the thread is about to block; and takes it back.
  void detach();
  void attach(Arrival arrival = Arrival::kReady);

  // Waits in the scheduler, detached. REQUIRES: at a safepoint.
  WakeReason park(std::optional<Instant> deadline);

  // The value in a register, with a wide integer put in a box.
  Value boxed(const Register& reg) { return reg.value.is_wide() ? box(reg.wide) : reg.value; }
  Value integer(std::int64_t integer) {
    return Value::fits_inline(integer) ? Value::inline_integer(integer) : box(integer);
  }
  String* string(std::string_view bytes);
  // The same for what a script computes: StringTable::make_text().
  String* text(std::string_view bytes);

  void request_drop() noexcept override { request(kDropRequest); }
  void clear_drop_request() noexcept override { clear(kDropRequest); }

 private:
  friend class Vm;
  enum class State : std::uint32_t { kDetached, kAttached };
  void heap_is_under_pressure() override { request(kCollect); }
  Value box(std::int64_t integer);
  void count_used_up();
  void hand_over();
  void come_to_instruction(Opcode opcode, bool may_stop);
  static constexpr bool adds_to_table(Opcode opcode) {
    return stores_into_table(opcode) || opcode == Opcode::kSetInteger ||
           opcode == Opcode::kSetIntegerConstant;
  }
  void grow_in_steps();
  void take_turn(TurnReason reason);
  // May it go on, or help with a collection?
  bool is_wanted() const;
  // Spins, and marks, until neither was wanted for a while.
  void help_while_stopped();
  void set_up_dispatch();
  void lead_to_poll();

  Vm& vm_;
  LocalHeap* heap_;
  Parker* parker_;
  Turns* const turns_;  // null: the threads run at the same time
  std::string name_;
  std::uint64_t number_;
  std::atomic<std::uint32_t> breaker_{0};
  std::atomic<State> state_{State::kDetached};
  TurnLog* const log_;              // keeps who holds the GIL when; null: nobody does
  std::uint64_t instructions_ = 0;  // that it has come to, where each is counted
  std::uint64_t instructions_left_ = 0;
  bool counts_ = false;        // the switch interval is a number of instructions
  const bool stops_anywhere_;  // SwitchPoints::kEvery
  Instant turn_changed_;       // with turns_: when this thread's turn began, or ended
  std::mutex guest_mutex_;     // guards guest_
  VmThread* guest_ = nullptr;  // as what this thread runs scripts in another VM
};

// REQUIRES: called before any thread runs a script. The labels live for ever.
void set_dispatch_labels(const DispatchLabels* labels);

// Detached from the VM for a scope: around anything that may block and is no other thread of the VM's to end.
class Blocking {
 public:
  explicit Blocking(VmThread& thread) : thread_(thread) { thread.detach(); }
  ~Blocking() { thread_.attach(Arrival::kIsBack); }
  Blocking(const Blocking&) = delete;

 private:
  VmThread& thread_;
};

}  // namespace gilvm
