// gilvm alone on a terminal: lines that are typed, run one after the other in one VM (lua.c, doREPL).
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "vm/lib/library.h"
#include "vm/main/commands.h"
#include "vm/main/completion.h"
#include "vm/main/experiment_runner.h"
#include "vm/main/history_file.h"
#include "vm/main/line_interrupts.h"
#include "vm/main/line_reader.h"
#include "vm/main/reference_report.h"
#include "vm/main/script_host.h"
#include "vm/main/typed_chunk.h"
#include "vm/report/compare_table.h"
#include "vm/report/terminal_text.h"

namespace gilvm {
namespace {

constexpr std::string_view kInterrupted = "interrupted!";  // Lua's word (lua.c, lstop)

// The prompts go where the user sees them. Where standard output is a file, it gets the results alone.
std::FILE* prompt_output() {
  if (isatty(STDOUT_FILENO)) return stdout;
  return isatty(STDERR_FILENO) ? stderr : nullptr;
}

bool cursor_moves() {
  const char* kind = std::getenv("TERM");
  return kind && *kind != '\0' && std::string_view(kind) != "dumb";
}

int text_of(NativeCall& call) {
  Value text;
  return to_text(call.thread(), call[0], &text) ? call.one(text) : kNativeError;
}

class Session {
 public:
  Session(const Options& options, ScriptHost& host, WakeUp& typing, Supervisor& supervisor)
      : options_(options),
        host_(host),
        typing_(typing),
        thread_(host.thread()),
        interrupts_(thread_, typing_, supervisor),
        history_(history_path([](const char* name) -> const char* { return std::getenv(name); })),
        output_(prompt_output()),
        reader_(make_line_reader(output_, cursor_moves(), typing_,
                                 [this](const std::string& text) { return complete(text); })) {
    for (const std::string& entry : history_.load()) {
      last_entry_ = entry;
      reader_->remember(entry);
    }
  }

  void run() {
    greet();
    TypedChunk chunk;
    while (goes_on() && read_chunk(&chunk)) {
      if (chunk.state == TypedChunk::State::kWrong) {
        show_error(chunk.error);
      } else if (chunk.closure) {
        run_chunk(chunk.closure);
      }
    }
  }

 private:
  bool goes_on() { return host_.vm().interruption() == Interruption::kNone; }

  void greet() {
    if (!output_) return;
    const WorldDescription world = describe({WorkerKind::kThreads, options_.lock});
    std::string text =
        world.lock == "none"
            ? filled(translate("gilvm {0} (Lua 5.4) in the world {1}"), version(), world_label(world))
            : filled(translate("gilvm {0} (Lua 5.4) in the world {1}, switch interval {2}"), version(),
                     world_label(world), world.switch_interval);
    text += '\n';
    text += translate("Ctrl-C interrupts a line; Ctrl-D or os.exit() leaves.");
    text += '\n';
    std::fputs(text.c_str(), output_);
    std::fflush(output_);
  }

  // Reads lines until they are a chunk, or cannot become one; without a closure where the user gave them up.
  // False: the session is over.
  bool read_chunk(TypedChunk* chunk) {
    std::string text;
    *chunk = {};
    for (const char* prompt = "_PROMPT";; prompt = "_PROMPT2") {
      std::string line;
      const LineReader::Outcome outcome = read_line(prompt_of(prompt), &line);
      if (!goes_on() || outcome == LineReader::Outcome::kEnd) return false;
      if (outcome == LineReader::Outcome::kInterrupted) return true;
      text += line;
      TypedChunk so_far = load_typed(thread_, text);
      if (so_far.state != TypedChunk::State::kIncomplete) {
        remember(text);
        *chunk = std::move(so_far);
        return true;
      }
      text += '\n';
    }
  }

  LineReader::Outcome read_line(const std::string& prompt, std::string* line) {
    const Blocking blocking(thread_);
    std::fflush(stdout);
    return reader_->read(prompt, line);
  }

  std::string prompt_of(const char* global) {
    const Value value = host_.vm().globals->get_short(thread_.string(global));
    if (value.is_string()) return std::string(value.as_string()->view());
    const std::string usual = std::string_view(global) == "_PROMPT" ? "> " : ">> ";
    if (value.is_nil()) return usual;
    const Value function = Value::native(NativeFunction::make(thread_.heap(), "tostring", text_of));
    std::vector<Value> results;
    if (!call(function, {value}, &results)) return usual;
    return std::string(results[0].as_string()->view());
  }

  void remember(const std::string& text) {
    if (text.find_first_not_of(" \t\n") == std::string::npos || text == last_entry_) return;
    last_entry_ = text;
    reader_->remember(text);
    history_.add(text);
  }

  void run_chunk(Closure* closure) {
    std::vector<Value> results;
    if (!call(Value::closure(closure), {}, &results) || results.empty()) return;
    // Lua's own way to show results, which a script may replace.
    const Value print = host_.vm().globals->get_short(thread_.string("print"));
    std::string failure;
    std::vector<Value> nothing;
    interrupts_.begin_line();
    const bool ok = call_interruptibly(thread_, print, results, &failure, &nothing);
    interrupts_.end_line();
    if (ok || !goes_on()) return;
    const std::string message = failure.substr(0, failure.find("\nstack traceback:"));
    show_error(message == kInterrupted ? failure : "error calling 'print' (" + message + ")");
  }

  // Calls, and shows the error where there is one. False: there was.
  bool call(Value function, const std::vector<Value>& arguments, std::vector<Value>* results) {
    std::string failure;
    interrupts_.begin_line();
    const bool ok = call_interruptibly(thread_, function, arguments, &failure, results);
    const bool unnoticed = interrupts_.end_line();
    if (!goes_on()) return false;
    if (ok && !unnoticed) return true;
    show_error(ok ? std::string(kInterrupted) : failure);
    return false;
  }

  void show_error(const std::string& message) {
    const std::string line = message + '\n';
    const Blocking blocking(thread_);
    std::fflush(stdout);
    std::fwrite(line.data(), 1, line.size(), stderr);
  }

  std::vector<std::string> complete(const std::string& text) {
    // Called in read_line(), so detached.
    thread_.attach();
    std::vector<std::string> words = completions(thread_, text);
    thread_.detach();
    return words;
  }

  const Options& options_;
  ScriptHost& host_;
  WakeUp& typing_;
  VmThread& thread_;
  LineInterrupts interrupts_;
  HistoryFile history_;
  std::string last_entry_;
  std::FILE* const output_;
  const std::unique_ptr<LineReader> reader_;
};

}  // namespace

int interactive_command(const Options& options, Supervisor& supervisor) {
  WakeUp typing;  // outlives the host, whose threads may still wake it
  ScriptHost host({options.lock, options.max_memory, {}, options.counts_references}, {}, supervisor,
                  options.arguments, [&typing] { typing.wake(WakeUp::kStop); });
  host.set_arguments("gilvm");
  Session(options, host, typing, supervisor).run();
  host.finish();
  const int status = host.exit_status(0);
  show_references(references_of(host, options, supervisor));
  show_statistics(host, options);
  return status;
}

}  // namespace gilvm
