// Records what the threads of a deterministic run do to what they share, step by step, for the step view. It
// stands around the scheduler's strategy, and watches the instructions.
//
// A read of an object, or of a captured local, is shown only where its variable changes while there are
// several threads: a function or a lock that is fetched and then called says nothing that the call does not,
// nor does a number that stays the same. What no other thread ever touches is left out. What happens inside
// of the library's modules is not recorded but as the call that the script has made.
//
// Threads: the OS thread of the scheduler.
// Invariants:
//  (1) The run takes the same steps as without it: it decides nothing, allocates nothing in the VM's heap and
//  calls no script.
//  (2) A row tells of an instruction that has not run yet only until that thread's next instruction, or until
//  another thread runs.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "vm/main/next_step.h"
#include "vm/report/step_table.h"
#include "vm/sched/strategy.h"

namespace gilvm {

class StepRecorder final : private StepWatcher {
 public:
  static constexpr std::size_t kMostRows = 200'000;  // that are kept

  // `watched`: names of globals and captured locals.
  explicit StepRecorder(std::vector<std::string> watched) : watched_(std::move(watched)) {}

  // A run follows whose scheduler asks `decider`. The recorder outlives it.
  std::unique_ptr<Strategy> around(std::unique_ptr<Strategy> decider);
  // Its VM, before any script runs in it.
  void prepare(VmThread& main);
  // The VM comes to its end, and its threads do: no object is looked at any more.
  void stop() { vm_ = nullptr; }

  // What has been recorded of the last run, which is over.
  StepTable table() const;
  // A watched name that no variable of the run has had; empty: there is none.
  std::string unknown_name() const;

 private:
  class Watching;

  // A row, and what decides whether it is shown.
  struct Candidate {
    StepRow row;
    std::vector<std::uint32_t> objects;
    std::uint64_t variable = 0;
    bool is_everyones = false;
    bool matters_if_changed = false;
  };
  // Before candidates_[position].
  struct SwitchBefore {
    std::size_t position;
    StepSwitch what;
  };
  // A call that has begun.
  struct Call {
    std::size_t row;
    const Coroutine* coroutine;
    std::size_t depth;  // of the frame that calls
    unsigned first_result;
    int wanted_results;
    bool has_parked;
  };
  struct Closing {
    std::string name;
    bool is_the_librarys;
    std::uint32_t object;
  };
  struct Thread {
    std::size_t index = SIZE_MAX;  // in names_
    VmThread* vm_thread = nullptr;
    std::optional<Call> call;
    std::string file;
    std::int32_t line = 0;
    bool returns = false;  // its last instruction was the last of its outermost function
    const Coroutine* coroutine = nullptr;
    std::vector<Closing> to_be_closed;
  };

  ThreadId choose(Strategy& decider, const Decision& decision);
  void before_instruction(VmThread& vm_thread) override;
  void started(ThreadId thread);
  void ended(ThreadId thread);
  void parks(ThreadId thread);

  Thread& at(ThreadId thread);
  bool is_alone() const { return living_ <= 1; }
  void begin_thread(Thread& thread, VmThread& vm_thread);
  Candidate* add(const Thread& thread, StepRow::Kind kind);
  void note_closed(Thread& thread);
  void note_call(Thread& thread, const CallFrame* frame, std::size_t depth);
  void finish_call(Thread& thread, const CallFrame* frame);
  void note_switch(const Decision& decision);
  void look_at_watched();
  void note_watched(std::size_t which, const ShownValue& value);
  void touch(std::uint32_t object, std::size_t thread);
  bool is_shown(const Candidate& candidate) const;

  static constexpr std::size_t kShared = SIZE_MAX;

  const std::vector<std::string> watched_;
  NextSteps steps_;

  // Of the run.
  Vm* vm_ = nullptr;             // null: its objects may be gone
  std::vector<Thread> threads_;  // by their ids
  std::vector<std::string> names_;
  ThreadId running_ = 1;
  std::size_t living_ = 1;
  std::vector<Candidate> candidates_;
  std::vector<SwitchBefore> switches_;
  bool is_cut_ = false;
  std::vector<std::optional<ShownValue>> watched_values_;
  std::vector<bool> is_global_;                                       // what is watched was one
  std::vector<std::pair<std::size_t, ShownValue>> watched_at_first_;  // before the first row
  std::unordered_map<std::uint32_t, std::size_t> touched_by_;         // objects: by a thread, or by kShared
  std::unordered_set<std::uint64_t> changed_;  // variables that are written while there are several threads
};

}  // namespace gilvm
