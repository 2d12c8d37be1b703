// gilvm run: a plain script once or in several workers, or an experiment in one world. gilvm replay: the
// same, as a recorded schedule has it.
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>

#include "vm/lib/load.h"
#include "vm/main/commands.h"
#include "vm/main/job.h"
#include "vm/main/program_schedule.h"
#include "vm/main/reference_report.h"
#include "vm/main/shrink.h"
#include "vm/main/step_view.h"
#include "vm/report/compare_table.h"
#include "vm/report/json_report.h"
#include "vm/report/race_report.h"
#include "vm/report/statistics_table.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

// Where another value is observed than in the run, that is said.
std::string shrunk_line(const ShrunkSchedule& shrunk, const nlohmann::json& observed) {
  if (shrunk.observed == observed) {
    return filled(translate("schedule (switches: {0} of {1}): {2}"), shrunk.switches, shrunk.switches_before,
                  shrunk.schedule);
  }
  const std::string value = shrunk.observed.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return filled(translate("schedule (switches: {0} of {1}; observed: {2}): {3}"), shrunk.switches,
                shrunk.switches_before, shortened(printable(value), 40), shrunk.schedule);
}

// Shows the schedule of a run that failed, and of any where --stats asks for it; not of one that a signal or
// the deadline has ended, which no schedule brings back.
// That of a failure is shrunk before, but for --stats, which are those of this run. `repeat`: what an
// experiment has come to; null: it is none.
void show_schedule(const Job& job, Shrinker& shrinker, const ScriptHost& host, unsigned repetition,
                   unsigned workers, bool failed, RepeatResult* repeat = nullptr) {
  if (!host.is_deterministic() || job.supervisor.exit_status()) return;
  if (!job.options.stats && (!failed || job.replayed)) return;
  std::fflush(stdout);
  const std::string schedule = job.schedule_text(host, workers);
  std::optional<ShrunkSchedule> shrunk;
  if (failed && !job.replayed && !job.options.stats) shrunk = shrinker.of_failure(repetition, schedule);
  std::string line = filled(translate("schedule: {0}"), schedule);
  if (shrunk) {
    line = shrunk_line(*shrunk, repeat ? repeat->observed : shrunk->observed);
    if (repeat) repeat->shrunk = std::move(shrunk);
  }
  std::fputs((line + "\n").c_str(), stderr);
}

// Keeps what --record asks for. False: it could not, and the user was told why.
bool write_record(const Job& job, const ScriptHost& host, unsigned workers) {
  const std::string& name = job.options.record_file;
  if (!job.options.records || job.supervisor.exit_status()) return true;
  const std::string line = filled(translate("schedule: {0}"), job.schedule_text(host, workers)) + "\n";
  std::fflush(stdout);
  if (name.empty()) return std::fputs(line.c_str(), stderr) != EOF;
  std::FILE* file = std::fopen(name.c_str(), "w");
  bool ok = file != nullptr && std::fputs(line.c_str(), file) != EOF;
  if (file != nullptr) ok = std::fclose(file) == 0 && ok;
  if (!ok) complain(filled(translate("cannot write {0}: {1}"), printable(name), std::strerror(errno)));
  return ok;
}

// A plain script, once on the main thread or in each worker. `run` has loaded what the first one calls.
int run_plain(const Job& job, Shrinker& shrinker, std::unique_ptr<PlainRun> run) {
  const Options& options = job.options;
  const std::vector<Script>& scripts = job.scripts;
  int status = 0;
  for (unsigned repetition = 0; repetition < options.repeat && status == 0; ++repetition) {
    if (!run) run = job.plain_run(repetition);
    ScriptHost& host = run->host;
    const unsigned count = !options.workers_given ? 1 : options.count;
    const bool in_interpreters = options.workers_given && options.workers == WorkerKind::kInterpreters;
    std::string error;
    if (!in_interpreters && !run->load_all(scripts, count, &error)) {
      complain(error);
      return kExitScriptError;
    }
    if (in_interpreters) {
      status = run->interpreters(scripts, count, &error);
    } else {
      status = options.workers_given ? run->workers_in(options.workers) : run->alone(&error);
    }
    if (!error.empty()) {
      std::fflush(stdout);
      complain(error);
    }
    host.finish();
    status = host.exit_status(status);
    if (job.races) job.races->end(job.schedule_text(host, options.workers_given ? count : 0));
    show_references(references_of(host, job.options, job.supervisor));
    show_statistics(host, options);
    if (!write_record(job, host, options.workers_given ? count : 0) && status == 0) {
      status = kExitScriptError;
    }
    shrinker.note(host);
    show_schedule(job, shrinker, host, repetition, options.workers_given ? count : 0, status != 0);
    run.reset();
  }
  if (job.races) shrinker.shrink_findings();
  return status;
}

// Loads the experiment. False: *status is the program's, and the user was told why.
bool load_experiment(const Job& job, Shrinker& shrinker, ExperimentRunner& runner, unsigned repetition,
                     int* status) {
  std::string error;
  bool plain;
  const Script& script = job.scripts[0];
  if (runner.load(script, &error, &plain)) return true;
  if (!plain && !error.empty()) {
    std::fflush(stdout);
    complain(error);
  }
  runner.host().finish();
  const unsigned workers = job.options.workers_given ? job.options.count : 0;
  if (job.races) job.races->end(job.schedule_text(runner.host(), workers));
  const bool misses = plain && job.options.workers_given;
  if (misses) complain(filled(translate("{0}: the script names `experiment` but returns none"), script.name));
  *status = runner.host().exit_status(plain && !misses ? 0 : kExitScriptError);
  show_references(references_of(runner.host(), job.options, job.supervisor));
  if (!write_record(job, runner.host(), workers) && *status == 0) *status = kExitScriptError;
  shrinker.note(runner.host());
  show_schedule(job, shrinker, runner.host(), repetition, workers, *status != 0);
  return false;
}

int run_experiment(const Job& job, Shrinker& shrinker) {
  const Options& options = job.options;
  std::unique_ptr<ExperimentRunner> runner;
  RunResult result;
  bool shown = false;  // the schedule of a repetition that failed
  for (unsigned repetition = 0; repetition < options.repeat; ++repetition) {
    // A schedule is that of one repetition: then each has a VM of its own.
    if (!runner || options.schedule != ScheduleKind::kOs) {
      int status;
      runner.reset();
      runner = job.experiment_runner(repetition);
      if (!load_experiment(job, shrinker, *runner, repetition, &status)) return status;
    }
    result.repeats.push_back(runner->run(options.count));
    const RepeatResult& repeat = result.repeats.back();
    const bool is_last = repetition + 1 == options.repeat || !repeat.error.empty();
    if (is_last || options.schedule != ScheduleKind::kOs) runner->host().finish();
    const bool is_written = !is_last || write_record(job, runner->host(), options.count);
    if (!is_written) return kExitScriptError;
    const int status = runner->host().exit_status(0);
    const bool failed = status != 0 || !repeat.ok;
    if (runner->host().is_deterministic()) {
      shrinker.note(runner->host());
      result.repeats.back().schedule = job.schedule_text(runner->host(), options.count);
      if (job.races) job.races->end(result.repeats.back().schedule);
      if (is_last || (failed && !shown)) {
        show_schedule(job, shrinker, runner->host(), repetition, options.count, failed && !shown,
                      &result.repeats.back());
      }
      shown = shown || failed;
    }
    if (status != 0) return status;
    if (is_last) break;
  }
  result.script = job.scripts[0].name;
  result.name = runner->name();
  result.world = describe(runner->world());
  result.workers = options.count;
  std::fflush(stdout);
  const std::optional<ReferenceReport> references =
      references_of(runner->host(), job.options, job.supervisor);
  const std::string& failure = result.repeats.back().error;
  if (!failure.empty()) complain(failure);
  if (job.races) shrinker.shrink_findings();
  if (job.steps) {
    job.steps->note_result(result);
  } else if (options.json) {
    nlohmann::ordered_json object = json_of(result);
    if (job.races) object["findings"] = json_of(job.races->findings());
    if (references) object["refcounts"] = json_of(*references);
    std::fputs(json_text(object).c_str(), stdout);
  } else if (failure.empty()) {
    const CompareResult table{result.script, result.name, {result}};
    std::fputs(compare_table(table, {terminal_width(), options.color}).c_str(), stdout);
  }
  if (!options.json) show_references(references);
  show_statistics(runner->host(), options);
  return failure.empty() ? 0 : kExitScriptError;
}

// The exit status, which was `status` without them.
int show_findings(const Job& job, int status) {
  if (job.supervisor.exit_status()) return status;
  RaceResult result;
  result.script = result.name = job.scripts[0].name;
  result.world = describe({WorkerKind::kThreads, job.options.lock, job.options.max_memory});
  result.workers = job.options.workers_given ? job.options.count : 0;
  result.runs = job.races->runs();
  result.findings = job.races->findings();
  std::fflush(stdout);
  // Standard output is the script's or the steps', or has them as JSON already.
  if (!job.options.json || job.steps)
    std::fputs(race_report(result, {terminal_width(), false}).c_str(), stderr);
  return status == 0 && !result.findings.empty() ? kExitRace : status;
}

// Runs the scripts as the options say; with `replayed`, whose members they have, so that the run repeats it.
int run_scripts(const Options& options, Supervisor& supervisor, const RecordedSchedule* replayed,
                StepView* steps = nullptr) {
  std::vector<Script> scripts(options.scripts.size());
  for (std::size_t index = 0; index < scripts.size(); ++index) {
    std::string error;
    if (!read_script(options.scripts[index], &scripts[index], &error)) {
      complain(error);
      return kExitUsage;
    }
  }
  RaceSearch races;
  const Job job{options,
                supervisor,
                scripts,
                replayed,
                fingerprint_of(scripts, options.arguments),
                options.detect_races ? &races : nullptr,
                steps};
  Shrinker shrinker(job);
  if (steps) steps->read_sources(scripts);
  if (replayed && replayed->version != version()) {
    complain(filled(translate("the schedule is of gilvm {0}, and this is gilvm {1}"), replayed->version,
                    version()));
  }
  if (replayed && replayed->program != job.program) {
    complain(translate("the schedule is of another script, or of other arguments"));
  }
  auto run = job.plain_run(0);
  std::string error;
  if (!run->load(scripts[0], &error)) {
    complain(error);
    return kExitScriptError;
  }
  int status;
  if (scripts.size() == 1 && ScriptHost::mentions_experiment(run->workers[0])) {
    run.reset();
    status = run_experiment(job, shrinker);
  } else {
    status = run_plain(job, shrinker, std::move(run));
  }
  return options.detect_races ? show_findings(job, status) : status;
}

// The schedule that `words` are, or that the file of that name holds: what a run has written on standard
// error, with other lines before it.
std::optional<RecordedSchedule> recorded_schedule(const std::string& words) {
  if (auto schedule = RecordedSchedule::from_text(words)) return schedule;
  std::string text, error;
  if (!read_file(words, &text, &error)) return std::nullopt;
  std::istringstream lines(text);
  std::optional<RecordedSchedule> schedule;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t blank = line.find_last_of(' ');
    const std::string last_word = blank == std::string::npos ? line : line.substr(blank + 1);
    if (auto found = RecordedSchedule::from_text(last_word)) schedule = std::move(found);
  }
  return schedule;
}

}  // namespace

void show_statistics(ScriptHost& host, const Options& options) {
  if (!options.stats) return;
  std::fflush(stdout);  // the statistics come after what the script printed
  std::vector<ThreadStatistics> threads;
  for (const Vm::ThreadRecord& record : host.vm().thread_records()) {
    threads.push_back({record.name,
                       {record.switches, record.requests, std::chrono::duration<double>(record.held).count(),
                        std::chrono::duration<double>(record.waited).count()}});
  }
  const std::string table = statistics_table(threads, {terminal_width(), false});
  std::fwrite(table.data(), 1, table.size(), stderr);
}

int run_command(const Options& options, Supervisor& supervisor) {
  return run_scripts(options, supervisor, nullptr);
}

int replay_command(const Options& options, Supervisor& supervisor) {
  const std::optional<RecordedSchedule> schedule = recorded_schedule(options.recorded);
  if (!schedule) {
    complain(filled(translate("'{0}' is neither a schedule nor a file that holds one"),
                    shortened(printable(options.recorded), 40)));
    return kExitUsage;
  }
  Options recorded = options;
  recorded.lock = schedule->lock;
  recorded.counts_references = schedule->counts_references;
  // What is beyond the record of OS threads is decided in turns.
  recorded.schedule = schedule->kind == ScheduleKind::kOs ? ScheduleKind::kRoundRobin : schedule->kind;
  recorded.seed = schedule->seed;
  recorded.workers_given = schedule->workers > 0;
  if (recorded.workers_given) recorded.count = std::min(schedule->workers, kMostWorkers);
  if (schedule->own_scripts) {
    // Those of the workers stand where their arguments would.
    const std::size_t more = std::min<std::size_t>(recorded.count - 1, recorded.arguments.size());
    const auto end = recorded.arguments.begin() + static_cast<std::ptrdiff_t>(more);
    recorded.scripts.insert(recorded.scripts.end(), recorded.arguments.begin(), end);
    recorded.arguments.erase(recorded.arguments.begin(), end);
    if (recorded.scripts.size() != recorded.count) {
      complain(filled(translate("the schedule is of {0} scripts"), schedule->workers));
      return kExitUsage;
    }
  }
  if (!recorded.steps) return run_scripts(recorded, supervisor, &*schedule);
  StepView steps(recorded);
  return steps.show(run_scripts(recorded, supervisor, &*schedule, &steps));
}

}  // namespace gilvm
