// gilvm compare: an experiment in every world, measured in turns, in one table.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "vm/main/commands.h"
#include "vm/main/experiment_runner.h"
#include "vm/report/compare_table.h"
#include "vm/report/json_report.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

// One line on a terminal's standard error that says how far the work is; nothing where there is none.
class Progress {
 public:
  Progress(std::string name, std::size_t steps)
      : name_(std::move(name)), steps_(steps), shown_(isatty(STDERR_FILENO)) {}
  ~Progress() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  void step(const std::string& what) {
    ++done_;
    if (!shown_) return;
    std::fprintf(stderr, "\r\033[K%s  %zu/%zu  %s", name_.c_str(), done_, steps_, what.c_str());
    std::fflush(stderr);
  }

 private:
  const std::string name_;
  const std::size_t steps_;
  const bool shown_;
  std::size_t done_ = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

}  // namespace

int compare_command(const Options& options, Supervisor& supervisor) {
  Script script;
  std::string error;
  if (!read_script(options.scripts[0], &script, &error)) {
    complain(error);
    return kExitUsage;
  }
  std::vector<std::unique_ptr<ExperimentRunner>> runners;
  CompareResult result;
  result.script = script.name;
  for (const World& world : worlds_to_compare(options)) {
    runners.push_back(
        std::make_unique<ExperimentRunner>(world, SchedulePlan{}, supervisor, options.arguments));
    bool plain;
    if (!runners.back()->load(script, &error, &plain)) {
      if (plain) {
        complain(filled(
            translate("{0}: not an experiment; `compare` needs a script that returns experiment{{...}}"),
            script.name));
      } else if (!error.empty()) {
        complain(error);
      }
      return runners.back()->host().exit_status(kExitScriptError);
    }
    result.name = runners.back()->name();
    result.worlds.push_back({script.name, result.name, describe(world), options.count, {}, 0});
  }

  // In turns, so that what the machine does meanwhile meets every world alike.
  std::vector<std::vector<double>> single(runners.size());
  bool failed = false;
  {
    Progress progress(result.name, runners.size() * options.repeat);
    for (unsigned repetition = 0; repetition < options.repeat && !failed; ++repetition) {
      for (std::size_t index = 0; index < runners.size() && !failed; ++index) {
        progress.step(world_label(result.worlds[index].world));
        RepeatResult repeat = runners[index]->run(options.count);
        failed = !repeat.error.empty();
        result.worlds[index].repeats.push_back(std::move(repeat));
        if (!failed && options.count > 1) {
          const RepeatResult one = runners[index]->run(1);
          failed = !one.error.empty();
          if (failed) result.worlds[index].repeats.back().error = one.error;
          single[index].push_back(one.wall_seconds);
        }
      }
    }
  }
  for (std::size_t index = 0; index < runners.size(); ++index) {
    result.worlds[index].single_wall_seconds = median(single[index]);
    const int status = runners[index]->host().exit_status(0);
    if (status != 0) return status;
  }
  std::fflush(stdout);
  if (failed) {
    for (const RunResult& world : result.worlds) {
      if (!world.repeats.empty() && !world.repeats.back().error.empty()) {
        complain(world_label(world.world) + ": " + world.repeats.back().error);
      }
    }
    return kExitScriptError;
  }
  if (options.json) {
    std::fputs(json_text(json_of(result)).c_str(), stdout);
  } else {
    std::fputs(compare_table(result, {terminal_width(), options.color}).c_str(), stdout);
  }
  return 0;
}

}  // namespace gilvm
