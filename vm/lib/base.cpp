// The basic functions (Lua manual §6.1).
#include <unistd.h>

#include <cstdio>
#include <cstring>

#include "vm/base/snapshot_area.h"
#include "vm/lib/collect_garbage.h"
#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/runtime/memory.h"

namespace gilvm {
namespace {

int print(NativeCall& call) {
  std::string line;
  for (unsigned index = 0; index < call.count(); ++index) {
    Value text;
    if (!to_text(call.thread(), call[index], &text)) return kNativeError;
    if (index > 0) line += '\t';
    line += text.as_string()->view();
  }
  line += '\n';
  // One write for the whole line, so that the lines of several threads do not mix.
  Blocking blocking(call.thread());
  std::fwrite(line.data(), 1, line.size(), stdout);
  return call.none();
}

int type(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  return call.one_text(type_name(call[0]));
}

int to_string(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  Value text;
  if (!to_text(call.thread(), call[0], &text)) return kNativeError;
  return call.one(text);
}

int number_in_base(NativeCall& call) {
  std::int64_t base;
  if (!call.integer(1, &base)) return kNativeError;
  if (!call[0].is_string()) return call.type_error(0, "string");
  if (base < 2 || base > 36) return call.argument_error(1, "base out of range");
  std::string_view text = call[0].as_string()->view();
  auto is_space = [](char c) { return c != '\0' && std::strchr(" \f\n\r\t\v", c) != nullptr; };
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  bool negative = false;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    negative = text.front() == '-';
    text.remove_prefix(1);
  }
  if (text.empty()) return call.one(Value::nil());
  std::uint64_t value = 0;
  for (char c : text) {
    int digit = 99;
    if (c >= '0' && c <= '9') digit = c - '0';
    if (c >= 'a' && c <= 'z') digit = c - 'a' + 10;
    if (c >= 'A' && c <= 'Z') digit = c - 'A' + 10;
    if (digit >= base) return call.one(Value::nil());
    value = value * static_cast<std::uint64_t>(base) + static_cast<std::uint64_t>(digit);
  }
  return call.one_integer(static_cast<std::int64_t>(negative ? 0 - value : value));
}

int to_number(NativeCall& call) {
  if (!call.is_none_or_nil(1)) return number_in_base(call);
  if (!call.any(0)) return kNativeError;
  const Value value = call[0];
  if (value.is_number()) return call.one(value);
  Register number;
  if (value.is_string() && number_from_text(value.as_string()->view(), &number)) {
    call.result(0).copy(number);
    return 1;
  }
  return call.one(Value::nil());
}

int next(NativeCall& call) {
  Table* table;
  if (!call.table(0, &table)) return kNativeError;
  Value key, value;
  const Value from = call[1];
  std::int64_t integer;
  // A NaN is no key, and a float that equals an integer is none here, other than in an index (luaH_next).
  const bool is_no_key =
      from.is_double() && (from.as_double() != from.as_double() || exact_integer(from.as_double(), &integer));
  if (is_no_key || !table->next(from, &key, &value)) return call.error("invalid key to 'next'");
  if (key.is_nil()) return call.one(key);
  return call.two(key, value);
}

// A function that the library itself hands out, kept in a slot of the one that does.
int pairs(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  const Value object = call[0];
  const Value method = metamethod(call.thread(), object, Event::kPairs);
  if (method.is_nil()) {
    const Value iterator = call.function()->slots()[0].load();
    if (!call.reserve_results(3)) return kNativeError;
    call.set_result(0, iterator);
    call.set_result(1, object);
    call.set_result(2, Value::nil());
    return 3;
  }
  return call.continue_with(method, {object}, 3);
}

int ipairs_step(NativeCall& call) {
  std::int64_t index;
  if (!call.integer(1, &index)) return kNativeError;
  index = static_cast<std::int64_t>(static_cast<std::uint64_t>(index) + 1);
  Value value;
  const Value key = call.thread().integer(index);
  if (call[0].is_table() && !call[0].as_table()->metatable()) {
    value = call[0].as_table()->get_integer(index);
  } else if (!get_index(call.thread(), call[0], key, &value)) {
    return kNativeError;
  }
  if (value.is_nil()) return call.one(value);
  return call.two(key, value);
}

int ipairs(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  const Value object = call[0];
  if (!call.reserve_results(3)) return kNativeError;
  call.set_result(0, call.function()->slots()[0].load());
  call.set_result(1, object);
  call.set_result(2, Value::inline_integer(0));
  return 3;
}

int select(NativeCall& call) {
  const auto count = static_cast<std::int64_t>(call.count());
  if (call[0].is_string() && call[0].as_string()->view().starts_with('#')) return call.one_integer(count - 1);
  std::int64_t index;
  if (!call.integer(0, &index)) return kNativeError;
  if (index < 0) {
    index = count + index;
  } else if (index > count) {
    index = count;
  }
  if (index < 1) return call.argument_error(0, "index out of range");
  const auto results = static_cast<unsigned>(count - index);
  for (unsigned result = 0; result < results; ++result) {
    call.result(result).copy(call.reg(static_cast<unsigned>(index) + result));
  }
  return static_cast<int>(results);
}

int error(NativeCall& call) {
  std::int64_t level;
  if (!call.optional_integer(1, 1, &level)) return kNativeError;
  Value value = call[0];
  if (value.is_string() && level > 0) {
    const std::string position =
        position_at(call.thread(), static_cast<int>(std::min<std::int64_t>(level, 1 << 20)));
    value = Value::string(call.thread().string(position + std::string(value.as_string()->view())));
  }
  raise(call.thread(), value);
  return kNativeError;
}

int assert_true(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  if (!call[0].is_falsy()) {
    for (unsigned index = 0; index < call.count(); ++index)
      call.result(index).copy(Register(call.reg(index)));
    return static_cast<int>(call.count());
  }
  if (call.has(1)) {
    raise(call.thread(), call[1]);
  } else {
    raise_in_native(call.thread(), "assertion failed!");
  }
  return kNativeError;
}

int get_metatable(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  Table* metatable = metatable_of(call.thread(), call[0]);
  if (!metatable) return call.one(Value::nil());
  const Value shown = metatable->get_short(call.vm().name_of(Event::kMetatable));
  return call.one(shown.is_nil() ? Value::table(metatable) : shown);
}

int set_metatable(NativeCall& call) {
  Table* table;
  if (!call.table(0, &table)) return kNativeError;
  if (!call.has(1) || !(call[1].is_nil() || call[1].is_table())) return call.type_error(1, "nil or table");
  Table* old = table->metatable();
  if (old && !old->get_short(call.vm().name_of(Event::kMetatable)).is_nil()) {
    return call.error("cannot change a protected metatable");
  }
  Table* metatable = call[1].is_nil() ? nullptr : call[1].as_table();
  table->set_metatable(metatable);
  if (metatable && !metatable->get_short(call.vm().name_of(Event::kGc)).is_nil()) {
    call.vm().heap().finalization().add(table);
  }
  return call.one(Value::table(table));
}

int raw_equal(NativeCall& call) {
  if (!call.any(0) || !call.any(1)) return kNativeError;
  return call.one(Value::boolean(raw_equals(call[0], call[1])));
}

int raw_length(NativeCall& call) {
  const Value value = call[0];
  if (value.is_string()) return call.one_integer(static_cast<std::int64_t>(value.as_string()->length()));
  if (!value.is_table()) return call.type_error(0, "table or string");
  return call.one_integer(static_cast<std::int64_t>(value.as_table()->length()));
}

int raw_get(NativeCall& call) {
  Table* table;
  if (!call.table(0, &table) || !call.any(1)) return kNativeError;
  return call.one(table->get(call[1]));
}

int raw_set(NativeCall& call) {
  Table* table;
  if (!call.table(0, &table) || !call.any(1) || !call.any(2)) return kNativeError;
  VmThread& thread = call.thread();
  if (thread.works_in_steps() && !call.reg(1).value.is_wide() && !call[2].is_nil()) {
    thread.grow_in_steps(table, call[1]);
  }
  switch (store(thread, table, call[1], call[2])) {
    case StoreResult::kKeyIsNil: return call.error("table index is nil");
    case StoreResult::kKeyIsNan: return call.error("table index is NaN");
    case StoreResult::kNoMemory: return kNativeError;
    case StoreResult::kStored: break;
  }
  return call.one(Value::table(table));
}

int warn(NativeCall& call) {
  if (call.count() == 0) return call.type_error(0, "string");
  std::string message;
  for (unsigned index = 0; index < call.count(); ++index) {
    String* part;
    if (!call.text(index, &part)) return kNativeError;
    message += part->data();  // up to a NUL, as lua5.4 writes it
  }
  Warnings& warnings = call.vm().warnings();
  if (call.count() == 1 && warnings.control(message)) return call.none();
  Blocking blocking(call.thread());
  warnings.emit(message);
  return call.none();
}

int failed_load(NativeCall& call, const std::string& message) {
  const Value text = Value::string(call.thread().string(message));
  return call.two(Value::nil(), text);
}

// An optional string, up to its first NUL, as C sees it. False with the error raised: it is something else.
bool optional_name(NativeCall& call, unsigned index, std::string* name) {
  if (call.is_none_or_nil(index)) return true;
  String* given;
  if (!call.text(index, &given)) return false;
  *name = given->data();
  return true;
}

enum class Reading { kDone, kFailed, kRaised };

// Asks `reader` for all pieces of a chunk. kFailed: *error says why, which is load's result.
Reading read_pieces(NativeCall& call, Value reader, std::string* chunk, Value* error) {
  VmThread& thread = call.thread();
  for (;;) {
    ScriptCall script(thread, reader, call.function());
    if (!script.run()) {
      if (thread.interrupted()) return Reading::kRaised;
      // A message handler has seen the error, as it does in lua.
      *error = thread.error;
      thread.error = Value::nil();
      thread.error_is_handled = false;
      thread.erring_native = nullptr;
      return Reading::kFailed;
    }
    const Value piece = script.result(0);
    if (piece.is_nil()) return Reading::kDone;
    if (piece.is_number()) {
      *chunk += number_text(piece);
    } else if (piece.is_string()) {
      if (piece.as_string()->length() == 0) return Reading::kDone;
      if (!call.reserve_text(chunk, piece.as_string()->length(), piece)) return Reading::kRaised;
      *chunk += piece.as_string()->view();
    } else {
      break;
    }
  }
  const std::string message = position_at(thread, 1) + "reader function must return a string";
  *error = Value::string(thread.string(message));
  return Reading::kFailed;
}

// The chunk as a function, or nil and what is wrong with it.
int load_result(NativeCall& call, std::string_view chunk, const std::string& name, const std::string& mode,
                unsigned environment) {
  const Value globals = Value::table(call.vm().globals);
  std::string message;
  Closure* closure = load_chunk(call.thread(), chunk, name, mode,
                                call.has(environment) ? call[environment] : globals, &message);
  return closure ? call.one(Value::closure(closure)) : failed_load(call, message);
}

int load(NativeCall& call) {
  const bool is_text = call[0].is_string() || call[0].is_number();
  String* text = nullptr;
  if (is_text && !call.text(0, &text)) return kNativeError;
  std::string mode = "bt", name = text ? std::string(text->view()) : "=(load)", chunk;
  if (!optional_name(call, 2, &mode) || !optional_name(call, 1, &name)) return kNativeError;
  if (text) return load_result(call, text->view(), name, mode, 3);
  Value reader, error;
  if (!call.function(0, &reader)) return kNativeError;
  switch (read_pieces(call, reader, &chunk, &error)) {
    case Reading::kDone: return load_result(call, chunk, name, mode, 3);
    case Reading::kFailed: return call.two(Value::nil(), error);
    case Reading::kRaised: break;
  }
  return kNativeError;
}

// Reads the file that argument 0 names, or the standard input, and makes up its chunk name. False: *error
// says what failed; empty when an error was raised.
bool read_file_argument(NativeCall& call, std::string* content, std::string* chunk_name, std::string* error) {
  if (call.is_none_or_nil(0)) {
    SnapshotArea::has_effect_outside();
    *chunk_name = "=stdin";
    Blocking blocking(call.thread());
    return read_stream(stdin, content) || (*error = "cannot read stdin", false);
  }
  String* name;
  if (!call.text(0, &name)) return false;
  const std::string path = name->data();
  *chunk_name = "@" + path;
  Blocking blocking(call.thread());
  if (read_file(path, content, error)) return true;
  // As luaL_loadfilex puts it.
  const std::size_t reason = error->rfind(" (");
  error->replace(reason, 2, ": ").pop_back();
  return false;
}

int load_file(NativeCall& call) {
  std::string content, chunk_name, error, mode = "bt";
  if (!call.is_none_or_nil(0) && !call[0].is_string() && !call[0].is_number())
    return call.type_error(0, "string");
  if (!optional_name(call, 1, &mode)) return kNativeError;
  if (!read_file_argument(call, &content, &chunk_name, &error)) return failed_load(call, error);
  return load_result(call, without_shebang(content), chunk_name, mode, 2);
}

int do_file(NativeCall& call) {
  std::string content, chunk_name, error;
  Closure* closure = nullptr;
  if (read_file_argument(call, &content, &chunk_name, &error)) {
    closure = load_source(call.thread(), without_shebang(content), chunk_name,
                          Value::table(call.vm().globals), &error);
  } else if (error.empty()) {
    return kNativeError;
  }
  if (!closure) {
    raise(call.thread(), Value::string(call.thread().string(error)));
    return kNativeError;
  }
  return call.continue_with(Value::closure(closure), {});
}

// The interpreter does these by itself (NativeKind).
int never_called(NativeCall& call) { return call.none(); }

constexpr LibraryFunction kFunctions[] = {
    {"print", print},
    {"type", type},
    {"tostring", to_string},
    {"tonumber", to_number},
    {"next", next, NativeKind::kNext},
    {"select", select},
    {"error", error},
    {"assert", assert_true},
    {"getmetatable", get_metatable},
    {"setmetatable", set_metatable},
    {"rawequal", raw_equal},
    {"rawlen", raw_length},
    {"rawget", raw_get},
    {"rawset", raw_set},
    {"collectgarbage", collect_garbage},
    {"warn", warn},
    {"load", load},
    {"loadfile", load_file},
    {"dofile", do_file},
    {"pcall", never_called, NativeKind::kProtectedCall},
    {"xpcall", never_called, NativeKind::kProtectedCallWithHandler},
};

// A function that hands out another one.
void add_iteration(VmThread& thread, const char* name, NativeCode code, Value iterator) {
  NativeFunction* function = NativeFunction::make(thread.heap(), name, code, 1);
  function->slots()[0].store(iterator);
  set_field(thread, thread.vm().globals, name, Value::native(function));
}

}  // namespace

void open_base(VmThread& thread) {
  // How much the libraries put there: to grow step by step takes longer than to fill in.
  Table* globals = thread.vm().globals;
  globals->reserve(thread.heap(), 0, 64);
  thread.vm().registry->reserve(thread.heap(), 0, 32);
  Table* loaded = Table::make(thread.heap(), 0, 16);
  set_field(thread, thread.vm().registry, "_LOADED", Value::table(loaded));
  set_field(thread, loaded, "_G", Value::table(globals));
  set_field(thread, globals, "_G", Value::table(globals));
  set_field(thread, globals, "_VERSION", Value::string(thread.string("Lua 5.4")));
  add_functions(thread, globals, kFunctions);
  // Scripts may replace the global; the library's own calls do not go through it.
  set_field(thread, thread.vm().registry, "_XPCALL",
            Value::native(NativeFunction::make(thread.heap(), nullptr, never_called, 0,
                                               NativeKind::kProtectedCallWithHandler)));
  set_field(thread, thread.vm().registry, "_INTERRUPTIBLE",
            Value::native(NativeFunction::make(thread.heap(), nullptr, never_called, 0,
                                               NativeKind::kInterruptibleCall)));
  thread.vm().protected_call =
      NativeFunction::make(thread.heap(), nullptr, never_called, 0, NativeKind::kProtectedCall);
  set_field(thread, thread.vm().registry, "_PCALL", globals->get_short(thread.string("pcall")));
  add_iteration(thread, "pairs", pairs, globals->get_short(thread.string("next")));
  add_iteration(thread, "ipairs", ipairs,
                Value::native(NativeFunction::make(thread.heap(), "ipairs_step", ipairs_step, 0,
                                                   NativeKind::kNextIndex)));
}

}  // namespace gilvm
