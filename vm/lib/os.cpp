// The module `os` (Lua manual §6.9).

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

#include "vm/base/clock.h"
#include "vm/base/snapshot_area.h"
#include "vm/interp/finalizers.h"
#include "vm/lib/file_results.h"
#include "vm/lib/lent_functions.h"
#include "vm/lib/publish_module.h"
#include "vm/lib/shell.h"

namespace gilvm {
namespace {

int os_clock(NativeCall& call) {
  return call.one(Value::number(call.vm().scheduler().process_cpu_seconds()));
}

int os_difference(NativeCall& call) {
  std::int64_t later, earlier;
  if (!call.integer(0, &later) || !call.integer(1, &earlier)) return kNativeError;
  return call.one(Value::number(std::difftime(later, earlier)));
}

int os_get_environment(NativeCall& call) {
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  const char* value = std::getenv(name->data());
  return value ? call.one_text(value) : call.one(Value::nil());
}

// Runs `operation`, which returns 0 or sets errno, detached: a file system may take its time.
template <typename Operation>
int error_of(VmThread& thread, Operation operation) {
  Blocking blocking(thread);
  return operation() == 0 ? 0 : errno;
}

int os_remove(NativeCall& call) {
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  const std::string path(name->data());
  SnapshotArea::has_effect_outside();
  return file_result(call, error_of(call.thread(), [&] { return std::remove(path.c_str()); }), path);
}

int os_rename(NativeCall& call) {
  String *old_name, *new_name;
  if (!call.text(0, &old_name) || !call.text(1, &new_name)) return kNativeError;
  const std::string from(old_name->data()), to(new_name->data());
  SnapshotArea::has_effect_outside();
  return file_result(call, error_of(call.thread(), [&] { return std::rename(from.c_str(), to.c_str()); }));
}

// As mkstemp(), with names that the seed decides.
int make_seeded_file(Vm& vm, char* name) {
  char* const end = name + std::strlen(name);
  for (int attempt = 0; attempt < 1000; ++attempt) {
    std::uint64_t random = vm.randomness();
    for (char* letter = end - 6; letter != end; ++letter, random /= 26) {
      *letter = static_cast<char>('a' + random % 26);
    }
    const int descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor != -1 || errno != EEXIST) return descriptor;
  }
  return -1;
}

int os_temporary_name(NativeCall& call) {
  SnapshotArea::has_effect_outside();
  char name[] = "/tmp/lua_XXXXXX";
  const int descriptor = call.vm().is_deterministic() ? make_seeded_file(call.vm(), name) : mkstemp(name);
  if (descriptor == -1) return call.error("unable to generate a unique filename");
  close(descriptor);
  return call.one_text(name);
}

int os_execute(NativeCall& call) {
  if (call.is_none_or_nil(0)) return call.one(Value::boolean(true));  // POSIX has a shell
  String* text;
  if (!call.text(0, &text)) return kNativeError;
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, "os.execute");
  const std::string command(text->data());
  int status, error;
  {
    Blocking blocking(call.thread());
    const pid_t process = start_shell(command);
    status = process == -1 ? -1 : wait_for_shell(process);
    error = errno;
  }
  if (call.thread().interrupted()) return kNativeError;
  return status == -1 ? failed_file_result(call, error) : process_result(call, status);
}

int os_exit(NativeCall& call) {
  std::int64_t status = EXIT_SUCCESS;
  if (!call.is_none_or_nil(0) && call[0].is_boolean()) {
    status = call[0].as_boolean() ? EXIT_SUCCESS : EXIT_FAILURE;
  } else if (!call.optional_integer(0, EXIT_SUCCESS, &status)) {
    return kNativeError;
  }
  if (call.has(1) && !call[1].is_falsy()) close_state(call.thread());
  call.vm().interrupt(Interruption::kExit, static_cast<int>(status));
  return kNativeError;  // an interrupted thread catches nothing
}

// The only locale is "C", which POSIX calls "POSIX" too: what another thread formats must not depend on this
// one.
int os_set_locale(NativeCall& call) {
  static constexpr const char* kCategories[] = {"all", "collate", "ctype", "monetary", "numeric", "time"};
  String* name = nullptr;
  std::size_t category;
  if (!call.is_none_or_nil(0) && !call.text(0, &name)) return kNativeError;
  if (!option(call, 1, "all", kCategories, &category)) return kNativeError;
  if (!name || name->length() == 0 || name->view() == "C" || name->view() == "POSIX")
    return call.one_text("C");
  return call.one(Value::nil());
}

// --- dates
// --------------------------------------------------------------------------------------------------

int os_date(NativeCall& call) {
  String* format = nullptr;
  std::int64_t time;
  if (!call.is_none_or_nil(0) && !call.text(0, &format)) return kNativeError;
  if (!call.optional_integer(1, static_cast<std::int64_t>(call.vm().scheduler().wall_clock_seconds()), &time))
    return kNativeError;
  std::string_view text = format ? format->view() : "%c";
  LentCall lent(call.thread(), LentFunction::kDate);
  lent.push_text(text);
  lent.push_integer(time);
  if (!lent.run(call)) return kNativeError;
  if (text.starts_with('!')) text.remove_prefix(1);
  if (text.substr(0, text.find('\0')) == "*t") return call.one(Value::table(lent.table_result(0)));
  return call.one(lent.result(0));
}

// A field of a date table, less `offset`; `absent` where there is none (negative: it must be there).
bool date_field(NativeCall& call, const char* name, int absent, int offset, int* result) {
  VmThread& thread = call.thread();
  Value value;
  if (!get_index(thread, call[0], Value::string(thread.string(name)), &value)) return false;
  if (value.is_nil()) {
    *result = absent;
    return absent >= 0 || call.error("field '" + std::string(name) + "' missing in date table") == 0;
  }
  Register number;
  number.set(value);
  std::int64_t integer;
  if (value.is_string() && !number_from_text(value.as_string()->view(), &number)) number.set(Value::nil());
  if (number.is_integer()) {
    integer = number.as_integer();
  } else if (!number.value.is_double() || !exact_integer(number.value.as_double(), &integer)) {
    return call.error("field '" + std::string(name) + "' is not an integer") == 0;
  }
  if (integer >= 0 ? integer - offset > INT_MAX : integer < INT_MIN + offset) {
    return call.error("field '" + std::string(name) + "' is out-of-bound") == 0;
  }
  *result = static_cast<int>(integer - offset);
  return true;
}

// Writes the normalised fields back, as os.time does.
bool set_date_fields(NativeCall& call, const std::tm& date) {
  VmThread& thread = call.thread();
  auto set = [&](const char* name, Value value) {
    return set_index(thread, call[0], Value::string(thread.string(name)), value);
  };
  auto set_number = [&](const char* name, std::int64_t number) {
    return set(name, Value::inline_integer(number));
  };
  if (!set_number("year", std::int64_t{date.tm_year} + 1900) || !set_number("month", date.tm_mon + 1) ||
      !set_number("day", date.tm_mday) || !set_number("hour", date.tm_hour) ||
      !set_number("min", date.tm_min) || !set_number("sec", date.tm_sec) ||
      !set_number("yday", date.tm_yday + 1) || !set_number("wday", date.tm_wday + 1)) {
    return false;
  }
  return date.tm_isdst < 0 || set("isdst", Value::boolean(date.tm_isdst > 0));
}

int os_time(NativeCall& call) {
  if (call.is_none_or_nil(0))
    return call.one_integer(static_cast<std::int64_t>(call.vm().scheduler().wall_clock_seconds()));
  Table* table;
  std::tm date{};
  if (!call.table(0, &table) || !date_field(call, "year", -1, 1900, &date.tm_year) ||
      !date_field(call, "month", -1, 1, &date.tm_mon) || !date_field(call, "day", -1, 0, &date.tm_mday) ||
      !date_field(call, "hour", 12, 0, &date.tm_hour) || !date_field(call, "min", 0, 0, &date.tm_min) ||
      !date_field(call, "sec", 0, 0, &date.tm_sec)) {
    return kNativeError;
  }
  Value daylight;
  VmThread& thread = call.thread();
  if (!get_index(thread, call[0], Value::string(thread.string("isdst")), &daylight)) return kNativeError;
  date.tm_isdst = daylight.is_nil() ? -1 : !daylight.is_falsy();
  const std::time_t time = std::mktime(&date);
  if (!set_date_fields(call, date)) return kNativeError;
  if (time == -1) return call.error("time result cannot be represented in this installation");
  return call.one_integer(time);
}

constexpr LibraryFunction kFunctions[] = {
    {"clock", os_clock},
    {"date", os_date},
    {"difftime", os_difference},
    {"execute", os_execute},
    {"exit", os_exit},
    {"getenv", os_get_environment},
    {"remove", os_remove},
    {"rename", os_rename},
    {"setlocale", os_set_locale},
    {"time", os_time},
    {"tmpname", os_temporary_name},
};

}  // namespace

void open_os(VmThread& thread) {
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  add_os_processes(thread, module);
  publish_module(thread, "os", module);
}

}  // namespace gilvm
