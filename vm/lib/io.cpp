// The module `io` and the methods of files (Lua manual §6.8). What touches the operating system is
// file.cpp's.
//
// The standard input and output of io.read and io.write stand in the VM's registry, as Lua keeps them.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>

#include "vm/lib/file.h"
#include "vm/lib/file_results.h"
#include "vm/lib/publish_module.h"
#include "vm/lib/shell.h"

namespace gilvm {
namespace {

constexpr const char* kMetatable = "FILE*";
constexpr const char* kInput = "_IO_input";
constexpr const char* kOutput = "_IO_output";
constexpr unsigned kMostLineFormats = 250;  // MAXARGLINE

Value registry_field(VmThread& thread, const char* name) {
  return thread.vm().registry->get(Value::string(thread.string(name)));
}

Value make_file(VmThread& thread, std::FILE* stream, File::Kind kind, pid_t process = -1) {
  Table* metatable = registry_field(thread, kMetatable).as_table();
  return Value::userdata(
      Userdata::make(thread.heap(), std::make_unique<File>(stream, kind, process), metatable));
}

// Null: the value is no file.
File* file_of(Value value) {
  return value.is_userdata() ? dynamic_cast<File*>(value.as_userdata()->object) : nullptr;
}

int closed_error(NativeCall& call) { return call.error("attempt to use a closed file"); }

// Argument `index`, which must be a file, and an open one.
bool open_file(NativeCall& call, unsigned index, File** file) {
  *file = file_of(call[index]);
  if (!*file) return call.type_error(index, kMetatable) == 0;
  return !(*file)->is_closed() || closed_error(call) == 0;
}

// The file that io.read, io.write and others use.
bool standard_file(NativeCall& call, const char* name, Value* value, File** file, bool by_default = true) {
  *value = registry_field(call.thread(), name);
  *file = file_of(*value);
  if (!(*file)->is_closed()) return true;
  // io.lines and io.close treat it like a file that was given.
  if (!by_default) return closed_error(call) == 0;
  return call.error("default " + std::string(name + 4) + " file is closed") == 0;
}

// What most operations return: true, or the reason why not.
int outcome_result(NativeCall& call, const File::Outcome& outcome) {
  return outcome.was_closed ? closed_error(call) : file_result(call, outcome.error);
}

// --- opening and closing
// ------------------------------------------------------------------------------------

bool is_mode(std::string_view mode) {
  if (mode.empty() || std::string_view("rwa").find(mode[0]) == std::string_view::npos) return false;
  mode.remove_prefix(1);
  if (mode.starts_with('+')) mode.remove_prefix(1);
  return mode.find_first_not_of('b') == std::string_view::npos;
}

// The stream that `open` returns, detached meanwhile. Null: *error says why.
template <typename Open>
std::FILE* open_detached(VmThread& thread, int* error, Open open) {
  Blocking blocking(thread);
  errno = 0;
  std::FILE* stream = open();
  *error = errno;
  return stream;
}

std::FILE* open_path(VmThread& thread, const std::string& path, const std::string& mode, int* error) {
  return open_detached(thread, error, [&] { return std::fopen(path.c_str(), mode.c_str()); });
}

int io_open(NativeCall& call) {
  String *name, *mode_argument = nullptr;
  if (!call.text(0, &name) || (!call.is_none_or_nil(1) && !call.text(1, &mode_argument))) return kNativeError;
  const std::string path(name->data()), mode(mode_argument ? mode_argument->data() : "r");
  if (!is_mode(mode)) return call.argument_error(1, "invalid mode");
  int error;
  std::FILE* stream = open_path(call.thread(), path, mode, &error);
  if (!stream) return failed_file_result(call, error, path);
  return call.one(make_file(call.thread(), stream, File::Kind::kOrdinary));
}

// Starts `command` and returns the end of a pipe to it ("w") or from it ("r"). Null: errno says why.
std::FILE* open_pipe(const std::string& command, const std::string& mode, pid_t* process) {
  File::flush_idle_files();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return nullptr;
  const bool reads = mode == "r";
  *process = start_shell(command, reads ? -1 : ends[0], reads ? ends[1] : -1);
  const int error = errno;
  close(ends[reads ? 1 : 0]);
  if (*process != -1) return fdopen(ends[reads ? 0 : 1], mode.c_str());
  close(ends[reads ? 0 : 1]);
  errno = error;
  return nullptr;
}

int io_open_process(NativeCall& call) {
  String *text, *mode_argument = nullptr;
  if (!call.text(0, &text) || (!call.is_none_or_nil(1) && !call.text(1, &mode_argument))) return kNativeError;
  const std::string command(text->data()), mode(mode_argument ? mode_argument->data() : "r");
  if (mode != "r" && mode != "w") return call.argument_error(1, "invalid mode");
  if (call.vm().is_deterministic()) return refuse_under_schedule(call, "io.popen");
  int error;
  pid_t process = -1;
  std::FILE* stream =
      open_detached(call.thread(), &error, [&] { return open_pipe(command, mode, &process); });
  if (!stream) return failed_file_result(call, error, command);
  return call.one(make_file(call.thread(), stream, File::Kind::kPipe, process));
}

int io_temporary_file(NativeCall& call) {
  int error;
  std::FILE* stream = open_detached(call.thread(), &error, [] { return std::tmpfile(); });
  if (!stream) return failed_file_result(call, error);
  return call.one(make_file(call.thread(), stream, File::Kind::kOrdinary));
}

int close_file(NativeCall& call, File* file) {
  if (file->kind() == File::Kind::kStandard) {
    return call.two(Value::nil(), Value::string(call.thread().string("cannot close standard file")));
  }
  const File::Outcome outcome = file->close(call.thread());
  if (file->kind() == File::Kind::kPipe && outcome.error == 0 && !outcome.was_closed) {
    return process_result(call, static_cast<int>(outcome.result));
  }
  return outcome_result(call, outcome);
}

int file_close(NativeCall& call) {
  File* file;
  return open_file(call, 0, &file) ? close_file(call, file) : kNativeError;
}

int io_close(NativeCall& call) {
  if (call.has(0)) return file_close(call);
  Value value;
  File* file;
  if (!standard_file(call, kOutput, &value, &file, false)) return kNativeError;
  call.keep(value);
  return close_file(call, file);
}

// When a variable that holds the file goes out of scope: a file that is closed already, or that must not be
// closed, is left as it is.
int file_close_quietly(NativeCall& call) {
  File* file = file_of(call[0]);
  if (!file) return call.type_error(0, kMetatable);
  if (!file->is_closed() && file->kind() != File::Kind::kStandard) file->close(call.thread());
  return call.none();
}

int io_type(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  const File* file = file_of(call[0]);
  if (!file) return call.one(Value::nil());
  return call.one_text(file->is_closed() ? "closed file" : "file");
}

int file_to_string(NativeCall& call) {
  File* file = file_of(call[0]);
  if (!file) return call.type_error(0, kMetatable);
  if (file->is_closed()) return call.one_text("file (closed)");
  char text[40];
  std::snprintf(text, sizeof text, "file (%p)", call.vm().shown_address(call[0]));
  return call.one_text(text);
}

// --- reading
// ------------------------------------------------------------------------------------------------

enum class FormatCheck { kOk, kNoText, kTooLong, kNoInteger, kInvalid };

FormatCheck check_format(Value value, ReadFormat* format) {
  if (value.is_number()) {
    std::int64_t count = 0;
    if (value.is_integer()) {
      count = value.as_integer();
    } else if (!exact_integer(value.as_double(), &count)) {
      return FormatCheck::kNoInteger;
    }
    if (count < 0) return FormatCheck::kTooLong;
    *format = {ReadFormat::kBytes, static_cast<std::size_t>(count)};
    return FormatCheck::kOk;
  }
  if (!value.is_string()) return FormatCheck::kNoText;
  std::string_view text = value.as_string()->view();
  if (text.starts_with('*')) text.remove_prefix(1);  // as in Lua 5.2
  switch (text.empty() ? '\0' : text[0]) {
    case 'n': *format = {ReadFormat::kNumber}; return FormatCheck::kOk;
    case 'l': *format = {ReadFormat::kLine}; return FormatCheck::kOk;
    case 'L': *format = {ReadFormat::kLineWithEnd}; return FormatCheck::kOk;
    case 'a': *format = {ReadFormat::kAll}; return FormatCheck::kOk;
    default: return FormatCheck::kInvalid;
  }
}

int format_error(NativeCall& call, unsigned index, Value format, FormatCheck check) {
  if (check == FormatCheck::kTooLong) {
    raise(call.thread(), Value::string(call.thread().string("not enough memory")));
    return kNativeError;
  }
  if (check == FormatCheck::kInvalid) return call.argument_error(index, "invalid format");
  if (check == FormatCheck::kNoInteger)
    return call.argument_error(index, "number has no integer representation");
  return call.argument_error(index, "string expected, got " + type_name_of(call.thread(), format));
}

int give_texts(NativeCall& call, const std::vector<ReadFormat>& formats, const File::ReadOutcome& outcome) {
  if (!call.reserve_results(outcome.texts.size())) return kNativeError;
  for (std::size_t index = 0; index < outcome.texts.size(); ++index) {
    Register& result = call.result(static_cast<unsigned>(index));
    if (index + 1 == outcome.texts.size() && !outcome.complete) {
      result.set(Value::nil());
    } else if (formats[index].kind != ReadFormat::kNumber ||
               !number_from_text(outcome.texts[index], &result)) {
      result.set(Value::string(call.thread().text(outcome.texts[index])));
    }
  }
  return static_cast<int>(outcome.texts.size());
}

// Reads by the formats that are the arguments from `first` on.
int read_by_arguments(NativeCall& call, File* file, unsigned first) {
  std::vector<ReadFormat> formats;
  FormatCheck check = FormatCheck::kOk;
  unsigned index = first;
  for (; index < call.count() && check == FormatCheck::kOk; ++index) {
    ReadFormat format;
    check = check_format(call[index], &format);
    if (check == FormatCheck::kOk) formats.push_back(format);
  }
  if (call.count() <= first) formats.push_back({});
  // A wrong format is an error only when everything before it was found.
  File::ReadOutcome outcome;
  if (!formats.empty()) outcome = file->read(call.thread(), formats);
  if (call.thread().interrupted()) return kNativeError;
  if (outcome.was_closed) return closed_error(call);
  if (outcome.error != 0) return failed_file_result(call, outcome.error);
  if (check != FormatCheck::kOk && outcome.complete)
    return format_error(call, index - 1, call[index - 1], check);
  return give_texts(call, formats, outcome);
}

int file_read(NativeCall& call) {
  File* file;
  return open_file(call, 0, &file) ? read_by_arguments(call, file, 1) : kNativeError;
}

int io_read(NativeCall& call) {
  Value value;
  File* file;
  if (!standard_file(call, kInput, &value, &file)) return kNativeError;
  call.keep(value);
  return read_by_arguments(call, file, 0);
}

enum LinesSlot { kLinesFile, kLinesCloses, kLinesFormats, kLinesSlots };

int lines_step(NativeCall& call) {
  Slot* slots = call.function()->slots();
  File* file = file_of(slots[kLinesFile].load());
  if (file->is_closed()) return call.error("file is already closed");
  std::vector<ReadFormat> formats;
  if (const Value values = slots[kLinesFormats].load(); values.is_table()) {
    Table* table = values.as_table();
    for (std::int64_t index = 1; !table->get_integer(index).is_nil(); ++index) {
      ReadFormat format;
      const Value value = table->get_integer(index);
      const FormatCheck check = check_format(value, &format);
      if (check != FormatCheck::kOk) return format_error(call, static_cast<unsigned>(index), value, check);
      formats.push_back(format);
    }
  } else {
    formats.push_back({});
  }
  call.keep(Value::native(call.function()));
  const File::ReadOutcome outcome = file->read(call.thread(), formats);
  if (call.thread().interrupted()) return kNativeError;
  if (outcome.was_closed) return call.error("file is already closed");
  if (outcome.error != 0) return call.error(std::generic_category().message(outcome.error));
  if (outcome.complete || outcome.texts.size() > 1) return give_texts(call, formats, outcome);
  if (slots[kLinesCloses].load().as_boolean()) file->close(call.thread());
  return call.none();
}

// An iterator over `file` by the formats that are the arguments from 1 on. False with the error raised.
bool make_lines(NativeCall& call, Value file, bool closes, Value* result) {
  LocalHeap& heap = call.thread().heap();
  if (call.count() > kMostLineFormats + 1)
    return call.argument_error(kMostLineFormats + 1, "too many arguments") == 0;
  NativeFunction* step = NativeFunction::make(heap, "for iterator", lines_step, kLinesSlots);
  step->slots()[kLinesFile].store(file);
  step->slots()[kLinesCloses].store(Value::boolean(closes));
  if (call.count() > 1) {
    Table* formats = Table::make(heap, call.count() - 1);
    for (unsigned index = 1; index < call.count(); ++index) {
      // A nil would end the list, and is as wrong a format as false.
      const Value value = call[index].is_nil() ? Value::boolean(false) : call[index];
      formats->set_integer(heap, index, value);
    }
    step->slots()[kLinesFormats].store(Value::table(formats));
  }
  *result = Value::native(step);
  return true;
}

int file_lines(NativeCall& call) {
  File* file;
  Value iterator;
  if (!open_file(call, 0, &file) || !make_lines(call, call[0], false, &iterator)) return kNativeError;
  return call.one(iterator);
}

int cannot_open(NativeCall& call, const std::string& path, int error) {
  return call.error("cannot open file '" + path + "' (" + std::generic_category().message(error) + ")");
}

int io_lines(NativeCall& call) {
  VmThread& thread = call.thread();
  Value value, iterator;
  if (call.is_none_or_nil(0)) {
    File* file;
    if (!standard_file(call, kInput, &value, &file, false) || !make_lines(call, value, false, &iterator))
      return kNativeError;
    return call.one(iterator);
  }
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  const std::string path(name->data());
  int error;
  std::FILE* stream = open_path(thread, path, "r", &error);
  if (!stream) return cannot_open(call, path, error);
  value = make_file(thread, stream, File::Kind::kOrdinary);
  if (!make_lines(call, value, true, &iterator) || !call.reserve_results(4)) return kNativeError;
  // The generic `for` closes its fourth value: the file, when the loop is left early.
  call.set_result(0, iterator);
  call.set_result(1, Value::nil());
  call.set_result(2, Value::nil());
  call.set_result(3, value);
  return 4;
}

// --- writing
// ------------------------------------------------------------------------------------------------

// Writes the arguments from `first` on; the result is `value`, which is the file.
int write_arguments(NativeCall& call, Value value, File* file, unsigned first) {
  std::string text;
  unsigned index = first;
  for (; index < call.count(); ++index) {
    const Value argument = call[index];
    if (argument.is_string()) {
      text += argument.as_string()->view();
    } else if (argument.is_integer()) {
      text += integer_text(argument.as_integer());
    } else if (argument.is_double()) {
      char number[40];  // without the ".0" of tostring, as liolib.c writes it
      text.append(number, static_cast<std::size_t>(
                              std::snprintf(number, sizeof number, "%.14g", argument.as_double())));
    } else {
      break;
    }
  }
  const File::Outcome outcome = file->write(call.thread(), text);
  if (outcome.was_closed) return closed_error(call);
  if (index < call.count()) return call.type_error(index, "string");
  return outcome.error == 0 ? call.one(value) : failed_file_result(call, outcome.error);
}

int file_write(NativeCall& call) {
  File* file;
  return open_file(call, 0, &file) ? write_arguments(call, call[0], file, 1) : kNativeError;
}

int io_write(NativeCall& call) {
  Value value;
  File* file;
  if (!standard_file(call, kOutput, &value, &file)) return kNativeError;
  call.keep(value);
  return write_arguments(call, value, file, 0);
}

int file_flush(NativeCall& call) {
  File* file;
  return open_file(call, 0, &file) ? outcome_result(call, file->flush(call.thread())) : kNativeError;
}

int io_flush(NativeCall& call) {
  Value value;
  File* file;
  if (!standard_file(call, kOutput, &value, &file)) return kNativeError;
  call.keep(value);
  return outcome_result(call, file->flush(call.thread()));
}

// --- other
// --------------------------------------------------------------------------------------------------

int file_seek(NativeCall& call) {
  static constexpr const char* kNames[] = {"set", "cur", "end"};
  static constexpr int kWhence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  File* file;
  std::size_t whence;
  std::int64_t offset;
  if (!open_file(call, 0, &file) || !option(call, 1, "cur", kNames, &whence) ||
      !call.optional_integer(2, 0, &offset)) {
    return kNativeError;
  }
  const File::Outcome outcome = file->seek(call.thread(), offset, kWhence[whence]);
  if (outcome.was_closed || outcome.error != 0) return outcome_result(call, outcome);
  return call.one_integer(outcome.result);
}

int file_set_buffer(NativeCall& call) {
  static constexpr const char* kNames[] = {"no", "full", "line"};
  static constexpr int kModes[] = {_IONBF, _IOFBF, _IOLBF};
  File* file;
  std::size_t mode;
  std::int64_t size;
  if (!open_file(call, 0, &file) || !option(call, 1, nullptr, kNames, &mode) ||
      !call.optional_integer(2, BUFSIZ, &size)) {
    return kNativeError;
  }
  return outcome_result(call, file->set_buffer(call.thread(), kModes[mode], static_cast<std::size_t>(size)));
}

// io.input and io.output: sets the file by name or handle, if there is an argument, and returns it.
int choose_standard_file(NativeCall& call, const char* name, const char* mode) {
  VmThread& thread = call.thread();
  if (call.is_none_or_nil(0)) return call.one(registry_field(thread, name));
  Value value = call[0];
  if (value.is_string() || value.is_number()) {
    String* text;
    if (!call.text(0, &text)) return kNativeError;
    const std::string path(text->data());
    int error;
    std::FILE* stream = open_path(thread, path, mode, &error);
    if (!stream) return cannot_open(call, path, error);
    value = make_file(thread, stream, File::Kind::kOrdinary);
  } else {
    File* file;
    if (!open_file(call, 0, &file)) return kNativeError;
  }
  set_field(thread, thread.vm().registry, name, value);
  return call.one(value);
}

int io_input(NativeCall& call) { return choose_standard_file(call, kInput, "r"); }
int io_output(NativeCall& call) { return choose_standard_file(call, kOutput, "w"); }

constexpr LibraryFunction kFunctions[] = {
    {"close", io_close},
    {"flush", io_flush},
    {"input", io_input},
    {"lines", io_lines},
    {"open", io_open},
    {"output", io_output},
    {"popen", io_open_process},
    {"read", io_read},
    {"type", io_type},
    {"write", io_write},
    {"tmpfile", io_temporary_file},
};

constexpr LibraryFunction kMethods[] = {
    {"close", file_close}, {"flush", file_flush}, {"lines", file_lines},        {"read", file_read},
    {"seek", file_seek},   {"write", file_write}, {"setvbuf", file_set_buffer},
};

constexpr LibraryFunction kMetamethods[] = {
    {"__close", file_close_quietly}, {"__gc", file_close_quietly}, {"__tostring", file_to_string}};

}  // namespace

void open_io(VmThread& thread) {
  Table* methods = Table::make(thread.heap());
  add_functions(thread, methods, kMethods);
  Table* metatable = Table::make(thread.heap());
  add_functions(thread, metatable, kMetamethods);
  set_field(thread, metatable, "__index", Value::table(methods));
  set_field(thread, metatable, "__name", Value::string(thread.string(kMetatable)));
  Table* registry = thread.vm().registry;
  set_field(thread, registry, kMetatable, Value::table(metatable));

  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  const Value input = make_file(thread, stdin, File::Kind::kStandard);
  const Value output = make_file(thread, stdout, File::Kind::kStandard);
  set_field(thread, module, "stdin", input);
  set_field(thread, module, "stdout", output);
  set_field(thread, module, "stderr", make_file(thread, stderr, File::Kind::kStandard));
  set_field(thread, registry, kInput, input);
  set_field(thread, registry, kOutput, output);
  publish_module(thread, "io", module);
}

}  // namespace gilvm
