// gilvm race: a script run in several schedules, for what could go wrong between its threads in any of them.
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "vm/main/commands.h"
#include "vm/main/job.h"
#include "vm/main/program_schedule.h"
#include "vm/main/shrink.h"
#include "vm/main/silence.h"
#include "vm/report/json_report.h"
#include "vm/report/race_report.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

class Racing {
 public:
  Racing(const Options& options, Supervisor& supervisor, const std::vector<Script>& scripts)
      : options_(options),
        scripts_(scripts),
        job_{options, supervisor, scripts, nullptr, fingerprint_of(scripts, options.arguments), &races_} {
    result_.script = result_.name = scripts[0].name;
    result_.world = describe({WorkerKind::kThreads, options.lock, options.max_memory});
  }

  void run() {
    for (unsigned repetition = 0; repetition < options_.repeat && !is_broken_; ++repetition) {
      if (job_.supervisor.exit_status()) break;
      run_once(repetition);
    }
    if (!job_.supervisor.exit_status()) shrinker_.shrink_findings();
    result_.runs = races_.runs();
    result_.findings = races_.findings();
  }
  const RaceResult& result() const { return result_; }
  // What the first run that failed has failed with: an exit status, and a message unless it is empty.
  int status() const { return status_; }
  const std::string& problem() const { return problem_; }

 private:
  void run_once(unsigned repetition) {
    auto run = job_.plain_run(repetition);
    std::string error;
    if (!run->load(scripts_[0], &error)) {
      is_broken_ = true;
      return note_failure(kExitScriptError, error);
    }
    if (scripts_.size() == 1 && ScriptHost::mentions_experiment(run->workers[0])) {
      run.reset();
      run_experiment(repetition);
    } else {
      run_plain(*run);
    }
  }

  void run_plain(PlainRun& run) {
    races_.note_deadlocks(run.host);
    const unsigned count = options_.workers_given ? options_.count : 1;
    std::string error;
    if (!run.load_all(scripts_, count, &error)) {
      is_broken_ = true;
      return note_failure(kExitScriptError, error);
    }
    const int status = options_.workers_given ? run.workers_in(WorkerKind::kThreads) : run.alone(&error);
    finish(run.host, options_.workers_given ? count : 0, status, error);
  }

  void run_experiment(unsigned repetition) {
    const auto runner = job_.experiment_runner(repetition);
    races_.note_deadlocks(runner->host());
    std::string error;
    bool plain;
    if (runner->load(scripts_[0], &error, &plain)) {
      result_.name = runner->name();
      error = runner->run(options_.count).error;
      return finish(runner->host(), options_.count, error.empty() ? 0 : kExitScriptError, error);
    }
    // It has run, as any script.
    finish(runner->host(), options_.workers_given ? options_.count : 0, plain ? 0 : kExitScriptError, error);
  }

  void finish(ScriptHost& host, unsigned workers, int status, const std::string& error) {
    host.finish();
    result_.workers = workers;
    if (job_.supervisor.exit_status()) return;
    shrinker_.note(host);
    races_.end(job_.schedule_text(host, workers));
    if (!races_.is_deadlocked()) note_failure(host.exit_status(status), error);
  }

  void note_failure(int status, const std::string& error) {
    if (status == 0 || status_ != 0) return;
    status_ = status;
    problem_ = error;
  }

  const Options& options_;
  const std::vector<Script>& scripts_;
  RaceSearch races_;
  const Job job_;
  Shrinker shrinker_{job_};
  RaceResult result_;
  bool is_broken_ = false;  // it cannot be loaded
  int status_ = 0;
  std::string problem_;
};

}  // namespace

int race_command(const Options& options, Supervisor& supervisor) {
  std::vector<Script> scripts(options.scripts.size());
  for (std::size_t index = 0; index < scripts.size(); ++index) {
    std::string error;
    if (!read_script(options.scripts[index], &scripts[index], &error)) {
      complain(error);
      return kExitUsage;
    }
  }
  Racing racing(options, supervisor, scripts);
  {
    const Silence silence({STDOUT_FILENO, STDERR_FILENO});
    racing.run();
  }
  if (!racing.problem().empty()) complain(racing.problem());
  const RaceResult& result = racing.result();
  if (result.runs > 0) {
    std::fputs(options.json ? json_text(json_of(result)).c_str()
                            : race_report(result, {terminal_width(), options.color}).c_str(),
               stdout);
  }
  return result.findings.empty() ? racing.status() : kExitRace;
}

}  // namespace gilvm
