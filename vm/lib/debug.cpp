// The module `debug` (Lua manual §6.10): metatables, the registry, tracebacks, and what other files have.
#include "vm/lib/debug.h"

#include <cstdio>

#include "vm/base/snapshot_area.h"
#include "vm/lib/load.h"
#include "vm/lib/publish_module.h"
#include "vm/runtime/traceback.h"

namespace gilvm {

DebuggedCoroutine::DebuggedCoroutine(NativeCall& native_call)
    : call(native_call), coroutine(call.thread().coroutine), is_current(true), shift(0) {
  if (!call[0].is_coroutine()) return;
  coroutine = call[0].as_coroutine();
  is_current = coroutine == call.thread().coroutine;
  shift = 1;
}

namespace {

int debug_traceback(NativeCall& call) {
  const DebuggedCoroutine debugged(call);
  const unsigned message = debugged.shift;
  const bool has_message = !call.is_none_or_nil(message);
  if (has_message && !call[message].is_string() && !call[message].is_number()) return call.one(call[message]);
  std::int64_t level;
  if (!call.optional_integer(message + 1, debugged.is_current ? 1 : 0, &level)) return kNativeError;
  String* text = nullptr;
  if (has_message && !call.text(message, &text)) return kNativeError;
  const StandingStill still(debugged);
  return call.one_text(traceback(call.thread(), debugged.coroutine, debugged.running(),
                                 text ? std::optional(text->view()) : std::nullopt, level));
}

int debug_get_metatable(NativeCall& call) {
  if (!call.any(0)) return kNativeError;
  Table* metatable = metatable_of(call.thread(), call[0]);
  return call.one(metatable ? Value::table(metatable) : Value::nil());
}

int debug_set_metatable(NativeCall& call) {
  if (!call.has(1) || !(call[1].is_nil() || call[1].is_table())) return call.type_error(1, "nil or table");
  Table* metatable = call[1].is_nil() ? nullptr : call[1].as_table();
  const Value value = call[0];
  if (value.is_table()) {
    value.as_table()->set_metatable(metatable);
  } else {
    std::atomic<Table*>& place =
        value.is_userdata() ? value.as_userdata()->metatable : basic_metatable(call.vm(), value);
    place.store(metatable, std::memory_order_release);  // pairs with the acquire in metatable_of()
  }
  if ((value.is_table() || value.is_userdata()) && metatable &&
      !metatable->get_short(call.vm().name_of(Event::kGc)).is_nil()) {
    call.vm().heap().finalization().add(value.as_object());
  }
  return call.one(value);
}

// The VM's own registry holds what native code relies on: scripts get a table beside it.
int debug_get_registry(NativeCall& call) { return call.one(call.function()->slots()[0].load()); }

// No userdata of this program has user values.
int debug_get_user_value(NativeCall& call) {
  std::int64_t index;
  if (!call.optional_integer(1, 1, &index)) return kNativeError;
  return call.one(Value::nil());
}

int debug_set_user_value(NativeCall& call) {
  std::int64_t index;
  if (!call.optional_integer(2, 1, &index)) return kNativeError;
  if (!call[0].is_userdata()) return call.type_error(0, "userdata");
  if (!call.any(1)) return kNativeError;
  return call.one(Value::nil());
}

int debug_set_c_stack_limit(NativeCall& call) {
  constexpr int kLimit = 200;  // LUAI_MAXCCALLS, which cannot be changed since 5.4.3
  std::int64_t limit;
  return call.integer(0, &limit) ? call.one_integer(kLimit) : kNativeError;
}

// One line from the standard input; false at its end.
bool read_command(NativeCall& call, std::string* line) {
  SnapshotArea::has_effect_outside();
  Blocking blocking(call.thread());
  line->clear();
  std::fputs("lua_debug> ", stderr);
  std::fflush(stderr);
  int next;
  while ((next = std::getc(stdin)) != EOF && next != '\n') line->push_back(static_cast<char>(next));
  return next != EOF;
}

int debug_interactively(NativeCall& call) {
  VmThread& thread = call.thread();
  std::string line;
  while (read_command(call, &line) && line != "cont") {
    std::string message;
    Closure* closure =
        load_source(thread, line, "=(debug command)", Value::table(call.vm().globals), &message);
    if (closure) {
      ScriptCall script(thread, thread.vm().registry->get_short(thread.string("_PCALL")), call.function());
      script.push(Value::closure(closure));
      if (!script.run()) return kNativeError;
      if (script.result(0).as_boolean()) continue;
      Value text;
      if (!to_text(thread, script.result(1), &text)) return kNativeError;
      message = text.as_string()->view();
    }
    std::fprintf(stderr, "%s\n", message.c_str());
  }
  return call.none();
}

constexpr LibraryFunction kFunctions[] = {
    {"debug", debug_interactively},
    {"gethook", debug_get_hook},
    {"getinfo", debug_get_info},
    {"getlocal", debug_get_local},
    {"getmetatable", debug_get_metatable},
    {"getupvalue", debug_get_upvalue},
    {"getuservalue", debug_get_user_value},
    {"setcstacklimit", debug_set_c_stack_limit},
    {"setlocal", debug_set_local},
    {"setmetatable", debug_set_metatable},
    {"setupvalue", debug_set_upvalue},
    {"setuservalue", debug_set_user_value},
    {"traceback", debug_traceback},
    {"upvalueid", debug_upvalue_id},
    {"upvaluejoin", debug_upvalue_join},
};

}  // namespace

void open_debug(VmThread& thread) {
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  Table* registry = Table::make(thread.heap());
  for (const char* name : {"_LOADED", "_PRELOAD", "FILE*"}) {
    set_field(thread, registry, name, thread.vm().registry->get_short(thread.string(name)));
  }
  registry->set_integer(thread.heap(), 1, Value::coroutine(thread.coroutine));  // LUA_RIDX_MAINTHREAD
  registry->set_integer(thread.heap(), 2, Value::table(thread.vm().globals));   // LUA_RIDX_GLOBALS
  const auto add_with_registry = [&](const char* name, NativeCode code) {
    NativeFunction* function = NativeFunction::make(thread.heap(), name, code, 1);
    function->slots()[0].store(Value::table(registry));
    set_field(thread, module, name, Value::native(function));
  };
  add_with_registry("getregistry", debug_get_registry);
  add_with_registry("sethook", debug_set_hook);
  publish_module(thread, "debug", module);
}

}  // namespace gilvm
