#include "vm/lib/embedded_modules.h"

#include <cerrno>
#include <cstring>
#include <mutex>
#include <new>
#include <string>
#include <system_error>

#include "vm/lib/library.h"
#include "vm/lib/load.h"
#include "vm/lib/locks.h"

namespace gilvm {
namespace {

// Kept in the VM's registry.
class LoadedModules : public NativeObject {
 public:
  const char* type_name() const override { return "embedded modules"; }
  void trace(Marker& marker) override { marker.mark(loaded.load()); }

  // Python's import lock: held while a module is compiled and run, which may require another. In a child of a
  // fork it is free, whoever had it in the parent: that thread does not exist there.
  ReentrantLock& import_lock(VmThread& thread) {
    std::lock_guard guard(mutex_);
    if (generation_ != thread.vm().generation()) {
      generation_ = thread.vm().generation();
      if (!import_lock_.is_owned(thread)) new (&import_lock_) ReentrantLock;
    }
    return import_lock_;
  }
  Slot loaded;  // a table: what each module has returned; used with the import lock held

 private:
  std::mutex mutex_;  // guards generation_; held for moments, while attached
  unsigned generation_ = 0;
  ReentrantLock import_lock_;
};

void mark_as_library(Prototype* prototype) {
  prototype->is_library = true;
  for (Prototype* nested : prototype->prototypes) mark_as_library(nested);
}

const EmbeddedModule* find_module(std::string_view name) {
  const EmbeddedModule* module = kEmbeddedModules;
  while (module->name && name != module->name) ++module;
  return module->name ? module : nullptr;
}

int open_module(NativeCall& call);

// The modules whose names are that of `package`, a dot, and more.
void add_parts(VmThread& thread, std::string_view package) {
  for (const EmbeddedModule* module = kEmbeddedModules; module->name; ++module) {
    const std::string_view name = module->name;
    if (name.starts_with(package) && name.substr(package.size()).starts_with('.')) {
      add_module(thread, module->name, open_module);
    }
  }
}

// REQUIRES: the import lock is held.
bool load_module(NativeCall& call, const EmbeddedModule& module, Table* loaded, Value* result) {
  VmThread& thread = call.thread();
  *result = loaded->get_short(thread.string(module.name));
  if (!result->is_nil()) return true;
  std::string error;
  Closure* closure = load_source(thread, module.source, "=" + std::string(module.name) + ".lua",
                                 Value::table(thread.vm().globals), &error);
  if (!closure) return call.error(error) == 0;
  mark_as_library(closure->prototype);
  add_parts(thread, module.name);
  ScriptCall script(thread, Value::closure(closure), call.function());
  if (!script.run()) return false;
  *result = script.result(0);
  set_field(thread, loaded, module.name, *result);
  return true;
}

// What the module has returned, which `loaded` keeps alive. False with an error raised.
bool require_module(NativeCall& call, const EmbeddedModule& module, Value* result) {
  VmThread& thread = call.thread();
  auto& modules = static_cast<LoadedModules&>(
      *thread.vm().registry->get_short(thread.string("_EMBEDDED")).as_userdata()->object);
  ReentrantLock& import_lock = modules.import_lock(thread);
  if (!import_lock.try_acquire(thread) && !import_lock.acquire(thread, std::nullopt)) return false;
  const bool ok = load_module(call, module, modules.loaded.load().as_table(), result);
  import_lock.release(thread);
  return ok;
}

// What package.preload has for such a module. Called by require, with its name.
int open_module(NativeCall& call) {
  const EmbeddedModule* module = call[0].is_string() ? find_module(call[0].as_string()->view()) : nullptr;
  if (!module) return call.type_error(0, "module");
  Value result;
  return require_module(call, *module, &result) ? call.one(result) : kNativeError;
}

}  // namespace

bool add_embedded_part(VmThread& thread, std::string_view name) {
  const EmbeddedModule* module = find_module(name);
  if (!module || !module->is_part) return false;
  add_module(thread, module->name, open_module);
  return true;
}

int raise_exception_type(NativeCall& call, const char* type) {
  Value builtins;
  if (!require_module(call, *find_module("builtins"), &builtins)) return kNativeError;
  raise(call.thread(), builtins.as_table()->get_short(call.thread().string(type)));
  return kNativeError;
}

int raise_exception(NativeCall& call, const char* type, const std::string& message) {
  VmThread& thread = call.thread();
  Value builtins;
  if (!require_module(call, *find_module("builtins"), &builtins)) return kNativeError;
  ScriptCall constructor(thread, builtins.as_table()->get_short(thread.string(type)), call.function());
  constructor.push(Value::string(thread.string(message)));
  if (constructor.run()) raise(thread, constructor.result(0));
  return kNativeError;
}

int raise_error_number(NativeCall& call, const char* type, int number, const std::string& message) {
  VmThread& thread = call.thread();
  Value builtins;
  if (!require_module(call, *find_module("builtins"), &builtins)) return kNativeError;
  ScriptCall constructor(thread, builtins.as_table()->get_short(thread.string(type)), call.function());
  constructor.push(Value::inline_integer(number));
  constructor.push(Value::string(thread.string(message)));
  if (constructor.run()) raise(thread, constructor.result(0));
  return kNativeError;
}

int raise_system_error(NativeCall& call, int number) {
  const char* type = "OSError";
  switch (number) {
    case EAGAIN:
    case EALREADY:
    case EINPROGRESS: type = "BlockingIOError"; break;
    case ECONNABORTED: type = "ConnectionAbortedError"; break;
    case ECONNREFUSED: type = "ConnectionRefusedError"; break;
    case ETIMEDOUT: type = "TimeoutError"; break;
    case ECONNRESET: type = "ConnectionResetError"; break;
    case EEXIST: type = "FileExistsError"; break;
    case ENOENT: type = "FileNotFoundError"; break;
    case EACCES:
    case EPERM: type = "PermissionError"; break;
    case EPIPE: type = "BrokenPipeError"; break;
    case ESRCH: type = "ProcessLookupError"; break;
    default: break;
  }
  return raise_error_number(call, type, number, std::generic_category().message(number));
}

void add_embedded_modules(VmThread& thread) {
  auto modules = std::make_unique<LoadedModules>();
  modules->loaded.store(Value::table(Table::make(thread.heap())));
  set_field(thread, thread.vm().registry, "_EMBEDDED",
            Value::userdata(Userdata::make(thread.heap(), std::move(modules), nullptr)));
  for (const EmbeddedModule* module = kEmbeddedModules; module->name; ++module) {
    if (!module->is_part) add_module(thread, module->name, open_module);
  }
}

}  // namespace gilvm
