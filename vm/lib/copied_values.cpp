#include "vm/lib/copied_values.h"

#include <unistd.h>

#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "vm/copy/copy.h"

namespace gilvm {
namespace {

// Names of what is in the modules: "threading", "string.format" with a NUL in place of each dot. Kept in the
// VM's registry.
class Names : public NativeObject {
 public:
  const char* type_name() const override { return "names"; }
  // A value that has a name here keeps its address, also when the module is not loaded any more.
  void trace(Marker& marker) override {
    for (const auto& [bits, name] : names_) marker.mark(Value::from_bits(bits));
  }

  // Anew, where modules were loaded since the last time.
  void read_modules(VmThread& thread);
  bool find(Value value, std::string* name) {
    std::lock_guard guard(mutex_);
    const auto found = names_.find(value.bits());
    if (found == names_.end()) return false;
    *name = found->second;
    return true;
  }

 private:
  void add_fields(Table* table, const std::string& name, bool is_built_in, unsigned depth);
  void add(Value value, const std::string& name) { names_.try_emplace(value.bits(), name); }

  std::mutex mutex_;  // guards what follows; held while attached, across no safepoint
  std::unordered_map<std::uint64_t, std::string> names_;
  std::size_t modules_ = 0;  // how many were loaded when they were read
};

template <typename Visit>
void each_field(Table* table, Visit visit) {
  Value key, value;
  while (table->next(key, &key, &value) && !key.is_nil()) {
    if (key.is_string()) visit(std::string(key.as_string()->view()), value);
  }
}

// Of a module's fields: what a receiver that requires the module finds there, too.
bool is_part_of_module(Value value) {
  if (value.is_closure()) return value.as_closure()->prototype->is_library;
  return value.is_table() || value.is_native() || value.is_userdata();
}

void Names::add_fields(Table* table, const std::string& name, bool is_built_in, unsigned depth) {
  constexpr unsigned kDeepest = 2;  // builtins.ValueError.__instances
  std::vector<std::pair<Table*, std::string>> nested;
  each_field(table, [&](const std::string& field, Value value) {
    // Of the globals, and of a script's module, only what is written in C++.
    if (is_built_in ? !is_part_of_module(value) : !value.is_native()) return;
    const std::string its_name = name + '\0' + field;
    if (value.is_table() && !names_.contains(value.bits())) nested.emplace_back(value.as_table(), its_name);
    add(value, its_name);
  });
  if (depth == kDeepest) return;
  for (const auto& [inner, inner_name] : nested) add_fields(inner, inner_name, is_built_in, depth + 1);
}

void Names::read_modules(VmThread& thread) {
  std::lock_guard guard(mutex_);
  Table* registry = thread.vm().registry;
  Table* loaded = registry->get_short(thread.string("_LOADED")).as_table();
  std::size_t count = 0;
  Value key, ignored;
  while (loaded->next(key, &key, &ignored) && !key.is_nil()) ++count;
  if (count == modules_) return;
  modules_ = count;
  Table* preload = registry->get_short(thread.string("_PRELOAD")).as_table();
  // The modules themselves first: the shortest name.
  each_field(loaded, [&](const std::string& name, Value value) {
    if (value.is_table()) add(value, name);
  });
  constexpr std::string_view kStandard[] = {"string",    "table", "math",  "os",     "io",
                                            "coroutine", "utf8",  "debug", "package"};
  each_field(loaded, [&](const std::string& name, Value value) {
    if (!value.is_table()) return;
    bool is_built_in = preload->get(Value::string(thread.string(name))).is_native();
    for (const std::string_view standard : kStandard) is_built_in = is_built_in || name == standard;
    add_fields(value.as_table(), name, is_built_in, 1);
  });
}

class Rules final : public CopyRules {
 public:
  // `shared`: the receiver is, or the sender was, another VM of the program; else null.
  Rules(VmThread& thread, bool to_fresh_vm, std::vector<std::shared_ptr<SharedByVms>>* shared = nullptr)
      : thread_(thread), to_fresh_vm_(to_fresh_vm), shared_(shared) {}

  bool name_of(Value value, std::string* name) override {
    if (!names_) {
      Table* registry = thread_.vm().registry;
      names_ = static_cast<Names*>(registry->get_short(thread_.string("_NAMES")).as_userdata()->object);
      names_->read_modules(thread_);
    }
    return names_->find(value, name);
  }

  bool pack(Userdata* userdata, std::string* bytes, std::string* reason) override {
    if (const auto* handle = dynamic_cast<const VmHandle*>(userdata->object)) {
      if (shared_) return pack_shared(*handle, bytes);
      *reason = "it belongs to this process";
      return false;
    }
    const auto* object = dynamic_cast<const InheritedObject*>(userdata->object);
    if (!object) return false;
    if (!to_fresh_vm_) {
      *reason = object->refusal();
      return false;
    }
    // The child is a copy of this process: it finds the object where it is, and nobody frees it there.
    const std::uintptr_t address = reinterpret_cast<std::uintptr_t>(object);
    const pid_t process = getpid();
    bytes->assign(reinterpret_cast<const char*>(&address), sizeof address);
    bytes->append(reinterpret_cast<const char*>(&process), sizeof process);
    return true;
  }

  bool unpack(std::string_view bytes, Value* value) override {
    if (shared_) return unpack_shared(bytes, value);
    std::uintptr_t address;
    pid_t process;
    if (bytes.size() != sizeof address + sizeof process) return false;
    std::memcpy(&address, bytes.data(), sizeof address);
    std::memcpy(&process, bytes.data() + sizeof address, sizeof process);
    if (!to_fresh_vm_ || process != getppid()) return false;
    const auto* object = reinterpret_cast<const InheritedObject*>(address);
    Table* metatable = thread_.vm().registry->get_short(thread_.string(object->metatable_name())).as_table();
    *value = Value::userdata(Userdata::make(thread_.heap(), object->share(), metatable));
    return true;
  }

 private:
  // The bytes are its place in shared_.
  bool pack_shared(const VmHandle& handle, std::string* bytes) {
    const std::size_t place = shared_->size();
    shared_->push_back(handle.shared());
    bytes->assign(reinterpret_cast<const char*>(&place), sizeof place);
    return true;
  }
  bool unpack_shared(std::string_view bytes, Value* value) {
    std::size_t place;
    if (bytes.size() != sizeof place) return false;
    std::memcpy(&place, bytes.data(), sizeof place);
    if (place >= shared_->size()) return false;
    *value = new_handle(thread_, *(*shared_)[place]);
    return !value->is_nil();
  }

  VmThread& thread_;
  Names* names_ = nullptr;  // null: nobody has asked for a name yet
  const bool to_fresh_vm_;
  std::vector<std::shared_ptr<SharedByVms>>* const shared_;
};

// The module of that name. Loads it where that is not done yet: a safepoint.
bool find_module(NativeCall& call, std::string_view name, Value* value) {
  VmThread& thread = call.thread();
  const Value module = Value::string(thread.string(name));
  *value = thread.vm().registry->get_short(thread.string("_LOADED")).as_table()->get(module);
  if (!value->is_nil()) return true;
  ScriptCall require(thread, thread.vm().globals->get_short(thread.string("require")), call.function());
  require.push(module);
  if (!require.run()) return false;
  *value = require.result(0);
  return true;
}

// What `name` is here. Loads the module where that is not done yet: a safepoint.
bool find_named(NativeCall& call, const std::string& name, Value* value) {
  VmThread& thread = call.thread();
  std::size_t end = name.find('\0');
  if (!find_module(call, std::string_view(name).substr(0, end), value)) return false;
  while (end != std::string::npos) {
    const std::size_t begin = end + 1;
    end = name.find('\0', begin);
    const Value field = Value::string(thread.string(name.substr(begin, end - begin)));
    *value = value->is_table() ? value->as_table()->get(field) : Value::nil();
  }
  if (!value->is_nil()) return true;
  std::string shown = name;
  for (char& letter : shown) letter = letter == '\0' ? '.' : letter;
  raise_exception(call, "ValueError", "there is no " + shown + " here, which was sent");
  return false;
}

bool read_bytes(NativeCall& call, std::string_view bytes, Rules& rules, Value* value) {
  VmThread& thread = call.thread();
  std::vector<std::string> names;
  std::vector<Value> named;
  if (!names_in(bytes, &names)) return raise_exception(call, "ValueError", kDamagedCopy) == 0;
  for (const std::string& name : names) {
    Value found;
    if (!find_named(call, name, &found)) return false;
    call.keep(found);
    named.push_back(found);
  }
  const char* error;
  if (decode(thread, bytes, named, rules, value, &error)) return true;
  return raise_exception(call, "ValueError", error) == 0;
}

}  // namespace

bool copy_to_bytes(NativeCall& call, Value value, std::string* bytes, bool to_fresh_vm) {
  Rules rules(call.thread(), to_fresh_vm);
  std::string error;
  if (encode(value, rules, bytes, &error)) return true;
  return raise_exception(call, "TypeError", error) == 0;
}

bool value_from_bytes(NativeCall& call, std::string_view bytes, Value* value, bool in_fresh_vm) {
  Rules rules(call.thread(), in_fresh_vm);
  return read_bytes(call, bytes, rules, value);
}

Value new_handle(VmThread& thread, SharedByVms& shared) {
  const Value metatable = thread.vm().registry->get_short(thread.string(shared.metatable_name()));
  if (!metatable.is_table()) return Value::nil();
  Userdata* handle = Userdata::make(thread.heap(), shared.make_handle(), metatable.as_table());
  if (!metatable.as_table()->get_short(thread.vm().name_of(Event::kGc)).is_nil()) {
    thread.vm().heap().finalization().add(handle);
  }
  return Value::userdata(handle);
}

bool copy_to_vm(VmThread& thread, Value value, CrossingValue* crossing, std::string* refusal) {
  Rules rules(thread, false, &crossing->shared);
  return encode(value, rules, &crossing->bytes, refusal);
}

bool value_from_vm(NativeCall& call, const CrossingValue& crossing, Value* value) {
  // The handles' types are made when the module is loaded.
  if (!crossing.shared.empty() && !find_module(call, "concurrent.interpreters", value)) return false;
  auto shared = crossing.shared;
  Rules rules(call.thread(), false, &shared);
  return read_bytes(call, crossing.bytes, rules, value);
}

void add_copied_values(VmThread& thread) {
  set_field(thread, thread.vm().registry, "_NAMES",
            Value::userdata(Userdata::make(thread.heap(), std::make_unique<Names>(), nullptr)));
}

}  // namespace gilvm
