// What the Lua of `asyncio.subprocess` stands on: programs that an event loop starts, with pipes to and from
// them.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

#include "vm/lib/event_loop.h"
#include "vm/process/programs.h"

namespace gilvm {
namespace {

// As Python's subprocess has them.
constexpr std::int64_t kPipe = -1, kStdout = -2, kDevnull = -3, kInherited = -4;
constexpr const char* kNames[] = {"stdin", "stdout", "stderr"};

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  void set(int number) { number_ = number; }
  int number() const { return number_; }
  int release() { return std::exchange(number_, -1); }

 private:
  int number_ = -1;
};

// What a program begins with as its standard input, output and error, and the other ends of their pipes.
struct Files {
  Descriptor opened[3];  // the program's, as far as they were made for it
  Descriptor ours[3];    // the other ends

  // Opens what `wanted` asks for, and writes to `given` what the program gets. False, with errno set.
  bool open(const std::array<std::int64_t, 3>& wanted, int (&given)[3]) {
    for (int number = 0; number < 3; ++number) {
      if (wanted[number] == kPipe) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) return false;
        const bool is_input = number == STDIN_FILENO;
        opened[number].set(ends[is_input ? 0 : 1]);
        ours[number].set(ends[is_input ? 1 : 0]);
      } else if (wanted[number] == kDevnull) {
        opened[number].set(::open("/dev/null", O_RDWR | O_CLOEXEC));
        if (opened[number].number() < 0) return false;
      }
      given[number] = opened[number].number();
      if (wanted[number] >= 0) given[number] = static_cast<int>(wanted[number]);
    }
    if (wanted[2] == kStdout) given[2] = given[1] >= 0 ? given[1] : STDOUT_FILENO;
    return true;
  }
};

// The texts of a list, which asyncio.subprocess.lua has checked.
std::vector<std::string> texts_of(Value list) {
  std::vector<std::string> texts;
  if (!list.is_table()) return texts;
  const auto length = static_cast<std::int64_t>(list.as_table()->length());
  for (std::int64_t index = 1; index <= length; ++index) {
    const Value text = list.as_table()->get_integer(index);
    if (text.is_string()) texts.emplace_back(text.as_string()->view());
  }
  return texts;
}

bool is_directory(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

struct Started {
  int error = 0;  // errno; then there is nothing else
  pid_t process = -1;
  UvLoop::Number number = 0, pipes[3] = {};  // a pipe's is 0 where there is none
};

Started start_in(UvLoop& uv, ProgramStart& start, const std::array<std::int64_t, 3>& wanted) {
  Started started;
  Files files;
  if (files.open(wanted, start.files)) started.process = start_program(start);
  if (started.process < 0) {
    started.error = errno;
    return started;
  }
  started.number = uv.add_program(started.process);
  for (int number = 0; number < 3; ++number) {
    if (files.ours[number].number() >= 0) started.pipes[number] = uv.add_pipe(files.ours[number].release());
  }
  return started;
}

// What the table of a script's wishes says, which asyncio.subprocess.lua has checked: "stdin", "stdout" and
// "stderr", each one of the constants, a descriptor or nil; "env", a list of "NAME=value" or nil; "cwd";
// "start_new_session".
ProgramStart read_wishes(VmThread& thread, Table* given, std::array<std::int64_t, 3>* wanted) {
  const auto field = [&](const char* name) { return given->get_short(thread.string(name)); };
  ProgramStart start;
  if (const Value environment = field("env"); environment.is_table())
    start.environment = texts_of(environment);
  if (const Value directory = field("cwd"); directory.is_string())
    start.directory = directory.as_string()->view();
  start.starts_session = !field("start_new_session").is_falsy();
  for (std::size_t number = 0; number < 3; ++number) {
    const Value file = field(kNames[number]);
    (*wanted)[number] = file.is_integer() ? file.as_integer() : kInherited;
  }
  return start;
}

// start_program(loop, called, arguments, given): the number of the program in the loop, its process, and the
// numbers of its three pipes, false for those that it does not have. Or false, errno, its text, and which
// file it is about. `called`: who asks.
int start(NativeCall& call) {
  String* called;
  Table *list, *given;
  EventLoop* loop = event_loop_of(call);
  if (!loop || !call.text(1, &called) || !call.table(2, &list) || !call.table(3, &given)) return kNativeError;
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, std::string(called->view()).c_str());
  VmThread& thread = call.thread();
  std::array<std::int64_t, 3> wanted;
  ProgramStart start = read_wishes(thread, given, &wanted);
  start.arguments = texts_of(Value::table(list));
  if (start.arguments.empty()) return call.argument_error(2, "a program expected");
  if (!call.reserve_results(5)) return kNativeError;
  UvLoop* uv = loop->lock_uv();
  if (!uv) return refuse_other_thread(call);
  const Started started = start_in(*uv, start, wanted);
  loop->unlock_uv();
  if (started.error != 0) {
    const bool is_about_directory = !start.directory.empty() && !is_directory(start.directory);
    const std::string& file = is_about_directory ? start.directory : start.arguments.front();
    call.set_result(0, Value::boolean(false));
    call.set_result(1, Value::inline_integer(started.error));
    call.set_result(2, Value::string(thread.string(std::generic_category().message(started.error))));
    call.set_result(3, Value::string(thread.string(file)));
    return 4;
  }
  // Who kills all children interrupts first: either it has found this one in the list, or this thread sees
  // that.
  const Interruption interruption = call.vm().interruption();
  if (interruption == Interruption::kSignal || interruption == Interruption::kTimeout)
    kill(started.process, SIGKILL);
  call.set_result(0, thread.integer(started.number));
  call.set_result(1, thread.integer(started.process));
  for (unsigned index = 0; index < 3; ++index) {
    const UvLoop::Number pipe = started.pipes[index];
    call.set_result(2 + index, pipe == 0 ? Value::boolean(false) : thread.integer(pipe));
  }
  return 5;
}

// signal_program(loop, number, signal): nothing happens where it has ended.
int signal_program(NativeCall& call) {
  std::int64_t number, signal;
  if (!call.integer(1, &number) || !call.integer(2, &signal)) return kNativeError;
  int error = 0;
  const int results = with_uv(call, [&](UvLoop& uv) {
    if (!uv.signal_program(number, static_cast<int>(signal))) error = errno;
    return call.none();
  });
  return error == 0 ? results : raise_system_error(call, error);
}

constexpr LibraryFunction kFunctions[] = {{"start_program", start}, {"signal_program", signal_program}};

}  // namespace

void add_subprocesses(VmThread& thread, Table* module) { add_functions(thread, module, kFunctions); }

}  // namespace gilvm
