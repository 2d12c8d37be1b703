// Numbers in shared memory: RawValue, RawArray, Value, Array and shared_memory.SharedMemory.
//
// An element is one atomic word of its size, read and written relaxed: it never tears, and nothing else is
// promised. What processes do without the lock is their race.
#include "vm/lib/shared_values.h"

#include <cerrno>
#include <cstring>
#include <limits>
#include <mutex>
#include <optional>

#include "vm/lib/process_locks.h"
#include "vm/process/named_memory.h"
#include "vm/process/shared_area.h"

namespace gilvm {
namespace {

// The element types, by the codes of Python's module `array`.
std::size_t size_of(char code) {
  switch (code) {
    case 'c':
    case 'b':
    case 'B': return 1;
    case 'h':
    case 'H': return 2;
    case 'i':
    case 'I':
    case 'f': return 4;
    case 'l':
    case 'L':
    case 'q':
    case 'Q':
    case 'd': return 8;
    default: return 0;
  }
}

template <typename T>
T read(const void* place) {
  return std::atomic_ref<T>(*static_cast<T*>(const_cast<void*>(place))).load(std::memory_order_relaxed);
}
template <typename T>
void write(void* place, T value) {
  std::atomic_ref<T>(*static_cast<T*>(place)).store(value, std::memory_order_relaxed);
}

Value read_element(VmThread& thread, char code, const void* place) {
  switch (code) {
    case 'c': {
      const char letter = read<char>(place);
      return Value::string(thread.string({&letter, 1}));
    }
    case 'b': return thread.integer(read<std::int8_t>(place));
    case 'B': return thread.integer(read<std::uint8_t>(place));
    case 'h': return thread.integer(read<std::int16_t>(place));
    case 'H': return thread.integer(read<std::uint16_t>(place));
    case 'i': return thread.integer(read<std::int32_t>(place));
    case 'I': return thread.integer(read<std::uint32_t>(place));
    case 'f': return Value::number(static_cast<double>(read<float>(place)));
    case 'd': return Value::number(read<double>(place));
    default: return thread.integer(read<std::int64_t>(place));
  }
}

// As ctypes does: what is too large loses its upper bits. False with a TypeError raised.
bool write_element(NativeCall& call, char code, void* place, Value value) {
  if (code == 'c') {
    if (!value.is_string() || value.as_string()->length() != 1) {
      return raise_exception(call, "TypeError", "one character bytes, bytearray or integer expected") == 0;
    }
    write<char>(place, value.as_string()->view()[0]);
    return true;
  }
  if (code == 'd' || code == 'f') {
    if (!value.is_number()) {
      return raise_exception(call, "TypeError",
                             std::string("must be real number, not ") + type_name(value)) == 0;
    }
    const double number = value.is_double() ? value.as_double() : static_cast<double>(value.as_integer());
    code == 'd' ? write<double>(place, number) : write<float>(place, static_cast<float>(number));
    return true;
  }
  if (!value.is_integer()) {
    return raise_exception(call, "TypeError",
                           std::string("an integer is required (got type ") + type_name(value) + ")") == 0;
  }
  const std::int64_t integer = value.as_integer();
  switch (size_of(code)) {
    case 1: write(place, static_cast<std::int8_t>(integer)); break;
    case 2: write(place, static_cast<std::int16_t>(integer)); break;
    case 4: write(place, static_cast<std::int32_t>(integer)); break;
    default: write(place, integer);
  }
  return true;
}

// Value and Array, and, without a lock, RawValue and RawArray.
class SharedNumbers final : public InheritedObject {
 public:
  SharedNumbers(std::shared_ptr<SharedArea> its_area, char its_code, std::size_t its_count, bool one,
                std::shared_ptr<SharedLock> its_lock)
      : area(std::move(its_area)),
        code(its_code),
        count(its_count),
        is_value(one),
        lock(std::move(its_lock)) {}
  const char* type_name() const override { return is_value ? "Value" : "Array"; }
  const char* metatable_name() const override { return is_value ? "_SHARED_VALUE" : "_SHARED_ARRAY"; }
  const char* refusal() const override {
    return "Synchronized objects should only be shared between processes through inheritance";
  }
  std::unique_ptr<NativeObject> share() const override {
    return std::make_unique<SharedNumbers>(area, code, count, is_value, lock);
  }
  // REQUIRES: index < count.
  void* place(std::size_t index) const { return static_cast<char*>(area->address()) + index * size_of(code); }

  const std::shared_ptr<SharedArea> area;
  const char code;
  const std::size_t count;
  const bool is_value;
  const std::shared_ptr<SharedLock> lock;  // null: none
};

// _numbers(code, count, is_value, lock): lock is a Lock, an RLock, or false.
int make_numbers(NativeCall& call) {
  const Value code = call[0];
  std::int64_t count;
  if (!code.is_string() || code.as_string()->length() != 1 || size_of(code.as_string()->view()[0]) == 0) {
    return raise_exception(call, "TypeError",
                           "bad typecode (must be c, b, B, h, H, i, I, l, L, q, Q, f or d)");
  }
  if (!call.integer(1, &count)) return kNativeError;
  const char letter = code.as_string()->view()[0];
  if (count < 0) return raise_exception(call, "ValueError", "Array length must be >= 0");
  if (count > std::numeric_limits<std::int64_t>::max() / 8) return raise_system_error(call, ENOMEM);
  std::shared_ptr<SharedLock> lock;
  const Value given = call[3];
  if (given.is_userdata()) {
    const auto* object = dynamic_cast<ProcessLock*>(given.as_userdata()->object);
    if (!object) return call.type_error(3, "Lock");
    lock = object->state;
  } else if (!given.is_falsy()) {
    return raise_exception(call, "AttributeError",
                           std::string("'") + type_name(given) + "' object has no method 'acquire'");
  }
  const bool is_value = !call[2].is_falsy();
  const auto elements = static_cast<std::size_t>(count);
  std::shared_ptr<SharedArea> area = SharedArea::make(std::max<std::size_t>(elements * size_of(letter), 1));
  if (!area) return raise_system_error(call, errno);
  auto numbers =
      std::make_unique<SharedNumbers>(std::move(area), letter, elements, is_value, std::move(lock));
  VmThread& thread = call.thread();
  Table* type = thread.vm().registry->get_short(thread.string(numbers->metatable_name())).as_table();
  return call.one(Value::userdata(Userdata::make(thread.heap(), std::move(numbers), type)));
}

SharedNumbers* self(NativeCall& call) { return object_argument<SharedNumbers>(call, 0, "Array"); }

// As long as this exists, the thread has the lock of the numbers, if there is one.
class Locked {
 public:
  Locked(NativeCall& call, const SharedNumbers& numbers) : thread_(call.thread()), lock_(numbers.lock.get()) {
    pid_t ended;
    ok_ = !lock_ || lock_->acquire(thread_, std::nullopt, &ended) == SharedOutcome::kDone;
  }
  ~Locked() {
    if (lock_ && ok_) lock_->release(thread_);
  }
  Locked(const Locked&) = delete;
  // False: the thread is interrupted.
  bool ok() const { return ok_; }

 private:
  VmThread& thread_;
  SharedLock* const lock_;
  bool ok_;
};

int get_lock(NativeCall& call) {
  SharedNumbers* numbers = self(call);
  if (!numbers) return kNativeError;
  return call.one(numbers->lock ? lock_object(call.thread(), numbers->lock) : Value::nil());
}

// The same memory without the lock.
int get_obj(NativeCall& call) {
  SharedNumbers* numbers = self(call);
  if (!numbers) return kNativeError;
  auto raw = std::make_unique<SharedNumbers>(numbers->area, numbers->code, numbers->count, numbers->is_value,
                                             nullptr);
  VmThread& thread = call.thread();
  Table* type = thread.vm().registry->get_short(thread.string(raw->metatable_name())).as_table();
  return call.one(Value::userdata(Userdata::make(thread.heap(), std::move(raw), type)));
}

int length(NativeCall& call) {
  SharedNumbers* numbers = self(call);
  return numbers ? call.one_integer(static_cast<std::int64_t>(numbers->count)) : kNativeError;
}

int read_numbers(NativeCall& call, const SharedNumbers& numbers, std::size_t index) {
  Locked locked(call, numbers);
  return locked.ok() ? call.one(read_element(call.thread(), numbers.code, numbers.place(index)))
                     : kNativeError;
}

int write_numbers(NativeCall& call, const SharedNumbers& numbers, std::size_t index, Value value) {
  Locked locked(call, numbers);
  if (!locked.ok() || !write_element(call, numbers.code, numbers.place(index), value)) return kNativeError;
  return call.none();
}

bool is_text(Value value, std::string_view text) {
  return value.is_string() && value.as_string()->view() == text;
}

// The index, from 0, of an element that there is.
std::optional<std::size_t> index_of(const SharedNumbers& numbers, Value key) {
  if (numbers.is_value) return is_text(key, "value") ? std::optional<std::size_t>(0) : std::nullopt;
  if (!key.is_integer()) return std::nullopt;
  const auto index = static_cast<std::uint64_t>(key.as_integer()) - 1;
  return index < numbers.count ? std::optional<std::size_t>(index) : std::nullopt;
}

// __index: an element, or a method. Beyond the last element nil, so that ipairs ends there.
int get(NativeCall& call) {
  SharedNumbers* numbers = self(call);
  if (!numbers) return kNativeError;
  const std::optional<std::size_t> index = index_of(*numbers, call[1]);
  if (index) return read_numbers(call, *numbers, *index);
  return call.one(call.function()->slots()[0].load().as_table()->get(call[1]));
}

int set(NativeCall& call) {
  SharedNumbers* numbers = self(call);
  if (!numbers) return kNativeError;
  const std::optional<std::size_t> index = index_of(*numbers, call[1]);
  if (index) return write_numbers(call, *numbers, *index, call[2]);
  if (!numbers->is_value) return raise_exception(call, "IndexError", "invalid index");
  return raise_exception(call, "AttributeError", "a Value has no such attribute");
}

// SharedMemory
// --------------------------------------------------------------------------------------------------

class Memory final : public InheritedObject {
 public:
  explicit Memory(std::shared_ptr<NamedMemory> memory) : memory_(std::move(memory)) {}
  const char* type_name() const override { return "SharedMemory"; }
  const char* metatable_name() const override { return "_SHARED_MEMORY"; }
  const char* refusal() const override { return "send its name"; }
  std::unique_ptr<NativeObject> share() const override { return std::make_unique<Memory>(memory()); }

  // Null: it was closed.
  std::shared_ptr<NamedMemory> memory() const {
    std::lock_guard guard(mutex_);
    return memory_;
  }
  void close() {
    std::lock_guard guard(mutex_);
    memory_.reset();
  }

 private:
  mutable std::mutex mutex_;  // held for moments, while attached
  std::shared_ptr<NamedMemory> memory_;
};

// _memory(name or nil, create, size)
int make_memory(NativeCall& call) {
  std::int64_t size;
  String* name = nullptr;
  if (!call.is_none_or_nil(0) && !call.text(0, &name)) return kNativeError;
  if (!call.optional_integer(2, 0, &size)) return kNativeError;
  const std::string text = name ? std::string(name->view()) : std::string();
  std::shared_ptr<NamedMemory> memory = call[1].is_falsy()
                                            ? NamedMemory::attach(text)
                                            : NamedMemory::make(text, static_cast<std::size_t>(size));
  if (!memory) return raise_system_error(call, errno);
  VmThread& thread = call.thread();
  Table* type = thread.vm().registry->get_short(thread.string("_SHARED_MEMORY")).as_table();
  return call.one(
      Value::userdata(Userdata::make(thread.heap(), std::make_unique<Memory>(std::move(memory)), type)));
}

Memory* memory_self(NativeCall& call) { return object_argument<Memory>(call, 0, "SharedMemory"); }

// Null with an error raised: it was closed.
std::shared_ptr<NamedMemory> memory_argument(NativeCall& call) {
  Memory* object = memory_self(call);
  if (!object) return nullptr;
  std::shared_ptr<NamedMemory> memory = object->memory();
  if (!memory) raise_exception(call, "ValueError", "operation forbidden on released memoryview object");
  return memory;
}

int memory_close(NativeCall& call) {
  Memory* object = memory_self(call);
  if (!object) return kNativeError;
  object->close();
  return call.none();
}

// unlink(memory): by its name, also when it was closed, so the script keeps the name. An errno, or 0.
int memory_unlink(NativeCall& call) {
  String* name;
  if (!call.text(0, &name)) return kNativeError;
  const int error = unlink_memory(std::string(name->view()));
  return error == 0 ? call.none() : raise_system_error(call, error);
}

int memory_name(NativeCall& call) {
  const std::shared_ptr<NamedMemory> memory = memory_argument(call);
  return memory ? call.one_text(memory->name()) : kNativeError;
}

int memory_size(NativeCall& call) {
  const std::shared_ptr<NamedMemory> memory = memory_argument(call);
  return memory ? call.one_integer(static_cast<std::int64_t>(memory->size())) : kNativeError;
}

// get(first=1, last=-1): bytes as a text; positions as in string.sub, within the memory.
int memory_get(NativeCall& call) {
  const std::shared_ptr<NamedMemory> memory = memory_argument(call);
  std::int64_t first, last;
  if (!memory || !call.optional_integer(1, 1, &first) || !call.optional_integer(2, -1, &last))
    return kNativeError;
  const auto size = static_cast<std::int64_t>(memory->size());
  if (first < 0) first = std::max<std::int64_t>(size + first + 1, 1);
  if (last < 0) last = size + last + 1;
  first = std::max<std::int64_t>(first, 1);
  last = std::min(last, size);
  if (first > last) return call.one_text("");
  std::string text(static_cast<std::size_t>(last - first + 1), '\0');
  const char* bytes = static_cast<const char*>(memory->address()) + first - 1;
  for (std::size_t index = 0; index < text.size(); ++index) text[index] = read<char>(bytes + index);
  return call.one_text(text);
}

// set(first, text)
int memory_set(NativeCall& call) {
  const std::shared_ptr<NamedMemory> memory = memory_argument(call);
  std::int64_t first;
  String* text;
  if (!memory || !call.integer(1, &first) || !call.text(2, &text)) return kNativeError;
  const std::size_t size = memory->size(), begin = static_cast<std::size_t>(first) - 1;
  if (first < 1 || begin > size || text->length() > size - begin) {
    return raise_exception(call, "IndexError", "index out of bounds");
  }
  char* bytes = static_cast<char*>(memory->address()) + begin;
  for (std::size_t index = 0; index < text->length(); ++index)
    write<char>(bytes + index, text->view()[index]);
  return call.none();
}

int byte_place(NativeCall& call, const NamedMemory& memory, void** place) {
  const Value key = call[1];
  if (!key.is_integer() || static_cast<std::uint64_t>(key.as_integer()) - 1 >= memory.size()) return 0;
  *place = static_cast<char*>(memory.address()) + key.as_integer() - 1;
  return 1;
}

// memory[index]: a byte, from 1 on. Beyond the last nil.
int memory_index(NativeCall& call) {
  const Value method = call.function()->slots()[0].load().as_table()->get(call[1]);
  if (!method.is_nil()) return call.one(method);
  const std::shared_ptr<NamedMemory> memory = memory_argument(call);
  void* place;
  if (!memory) return kNativeError;
  if (!byte_place(call, *memory, &place)) return call.one(Value::nil());
  return call.one(Value::inline_integer(read<std::uint8_t>(place)));
}

int memory_new_index(NativeCall& call) {
  const std::shared_ptr<NamedMemory> memory = memory_argument(call);
  void* place;
  if (!memory) return kNativeError;
  if (!byte_place(call, *memory, &place)) return raise_exception(call, "IndexError", "index out of bounds");
  if (!call[2].is_integer())
    return raise_exception(call, "TypeError", "memoryview: invalid type for format 'B'");
  if (call[2].as_integer() < 0 || call[2].as_integer() > 255) {
    return raise_exception(call, "ValueError", "memoryview: invalid value for format 'B'");
  }
  write(place, static_cast<std::uint8_t>(call[2].as_integer()));
  return call.none();
}

constexpr LibraryFunction kNumbersMethods[] = {
    {"get_lock", get_lock}, {"get_obj", get_obj}, {"__len", length}};
constexpr LibraryFunction kMemoryMethods[] = {{"get", memory_get},     {"set", memory_set},
                                              {"close", memory_close}, {"name", memory_name},
                                              {"size", memory_size},   {"__len", memory_size}};
constexpr LibraryFunction kFunctions[] = {
    {"numbers", make_numbers}, {"memory", make_memory}, {"unlink", memory_unlink}};

// A type whose objects have elements beside their methods.
template <std::size_t count>
void add_type(VmThread& thread, const char* field, const char* name, const LibraryFunction (&methods)[count],
              NativeCode getter, NativeCode setter) {
  Table* type = make_type(thread, name, methods);
  NativeFunction* index = NativeFunction::make(thread.heap(), "__index", getter, 1);
  index->slots()[0].store(type->get_short(thread.string("__index")));
  set_field(thread, type, "__index", Value::native(index));
  set_field(thread, type, "__newindex",
            Value::native(NativeFunction::make(thread.heap(), "__newindex", setter)));
  set_field(thread, thread.vm().registry, field, Value::table(type));
}

}  // namespace

void add_shared_values(VmThread& thread, Table* module) {
  add_type(thread, "_SHARED_VALUE", "Value", kNumbersMethods, get, set);
  add_type(thread, "_SHARED_ARRAY", "Array", kNumbersMethods, get, set);
  add_type(thread, "_SHARED_MEMORY", "SharedMemory", kMemoryMethods, memory_index, memory_new_index);
  add_functions(thread, module, kFunctions);
}

}  // namespace gilvm
