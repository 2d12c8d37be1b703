// `gilvm replay --steps`: what the run prints goes nowhere, since each print is a step; its steps are shown
// when it is over, and what an experiment has come to.
//
// Threads: the main thread.
#pragma once

#include <optional>
#include <vector>

#include "vm/main/options.h"
#include "vm/main/script_host.h"
#include "vm/main/silence.h"
#include "vm/main/step_recorder.h"
#include "vm/report/world_result.h"

namespace gilvm {

class StepView {
 public:
  // Silent from here to show().
  explicit StepView(const Options& options);

  StepRecorder& recorder() { return recorder_; }
  void read_sources(const std::vector<Script>& scripts);
  // The experiment has ended so.
  void note_result(const RunResult& result) { result_ = result; }
  // The exit status of a program that would end with `status`.
  int show(int status);

 private:
  std::string text() const;

  const Options& options_;
  StepRecorder recorder_;
  std::optional<Silence> silence_;
  std::map<std::string, std::vector<std::string>> sources_;
  std::string script_;  // the only one
  std::optional<RunResult> result_;
};

}  // namespace gilvm
