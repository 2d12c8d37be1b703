#include <algorithm>
#include <cstring>
#include <optional>

#include "vm/copy/copy.h"
#include "vm/copy/format.h"
#include "vm/frontend/lua_chunk.h"
#include "vm/frontend/translate.h"
#include "vm/frontend/verifier.h"
#include "vm/object/function.h"

namespace gilvm {
namespace {

using copy::Tag;

constexpr const char* kNoMemory = "not enough memory";

// Bytes that may be anything. What is not there reads as 0, and from then on ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  std::size_t left() const { return bytes_.size(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return fail();
    const auto value = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return value;
  }
  std::uint64_t length() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const std::uint8_t part = byte();
      value |= std::uint64_t{part & 0x7Fu} << shift;
      if (part < 0x80) return value;
    }
    return fail();
  }
  std::string_view text() { return take(length()); }
  template <typename T>
  T plain() {
    T value{};
    const std::string_view bytes = take(sizeof value);
    if (ok_) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view take(std::uint64_t size) {
    if (size > bytes_.size()) {
      fail();
      return {};
    }
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return taken;
  }

 private:
  std::uint8_t fail() {
    ok_ = false;
    bytes_ = {};
    return 0;
  }

  std::string_view bytes_;
  bool ok_ = true;
};

// Where the names begin. False: the bytes are damaged. No names: *distance is 0.
bool find_names(std::string_view bytes, std::size_t* distance, std::uint32_t* count) {
  constexpr std::size_t kEnd = 2 * sizeof(std::uint32_t) + 1;
  *distance = 0;
  *count = 0;
  if (bytes.size() < 2 || static_cast<std::uint8_t>(bytes.front()) != copy::kVersion) return false;
  if (static_cast<std::uint8_t>(bytes.back()) == copy::kNoNames) return true;
  if (static_cast<std::uint8_t>(bytes.back()) != copy::kHasNames || bytes.size() < kEnd + 1) return false;
  Reader end(bytes.substr(bytes.size() - kEnd));
  *count = end.plain<std::uint32_t>();
  *distance = end.plain<std::uint32_t>();
  return *distance > 0 && *distance <= bytes.size() - kEnd && *count > 0;
}

class Decoder {
 public:
  Decoder(VmThread& thread, std::string_view bytes, const std::vector<Value>& named, CopyRules& rules)
      : thread_(thread), reader_(bytes), named_(named), rules_(rules) {}

  bool run(Value* value) {
    reader_.byte();  // find_names() has seen the version
    if (!get(value)) return false;
    for (std::size_t index = 0; index < mentioned_.size(); ++index) {
      const Mention mention = mentioned_[index];
      if (!(mention.object.is_table() ? fill(mention.object.as_table(), mention.has_metatable)
                                      : fill(mention.object.as_closure()))) {
        return false;
      }
    }
    // Only now: a metatable may be filled after the tables that have it.
    Vm& vm = thread_.vm();
    for (Table* table : with_metatable_) {
      if (!table->metatable()->get_short(vm.name_of(Event::kGc)).is_nil())
        vm.heap().finalization().add(table);
    }
    return true;
  }
  bool is_at_end() const { return reader_.left() == 0; }
  const char* error() const { return error_; }

 private:
  struct Mention {
    Value object;
    bool has_metatable;
  };

  bool fail(const char* error) {
    error_ = error;
    return false;
  }
  bool damaged() { return fail(kDamagedCopy); }

  bool get(Value* value);
  bool get_tagged(Tag tag, Value* value);
  bool get_string(Value* value);
  bool get_table(bool has_metatable, Value* value);
  bool get_closure(Value* value);
  bool get_prototype(Prototype** prototype);
  bool get_userdata(Value* value);
  template <typename T>
  bool get_integer(Value* value) {
    *value = thread_.integer(reader_.plain<T>());
    return reader_.ok() || damaged();
  }
  // A capacity that the bytes cannot fill is a lie.
  std::uint32_t capacity() {
    const std::uint64_t wanted = reader_.length();
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>({wanted, reader_.left(), Table::kLargestCapacity}));
  }
  bool keep(Value object) {
    objects_.push_back(object);
    return true;
  }
  bool fill(Table* table, bool has_metatable);
  bool fill(Closure* closure);

  VmThread& thread_;
  Reader reader_;
  const std::vector<Value>& named_;
  CopyRules& rules_;
  std::vector<Value> objects_;
  std::vector<Cell*> cells_;
  std::vector<Prototype*> prototypes_;
  std::vector<Mention> mentioned_;
  std::vector<Table*> with_metatable_;
  const char* error_ = kDamagedCopy;
};

bool Decoder::get(Value* value) {
  const std::uint8_t first = reader_.byte();
  if (first < copy::kSmallIntegers) return get_tagged(static_cast<Tag>(first), value);
  *value = Value::inline_integer(first - copy::kSmallIntegers + copy::kSmallestInteger);
  return true;
}

bool Decoder::get_tagged(Tag tag, Value* value) {
  *value = Value::nil();
  switch (tag) {
    case Tag::kNil: return reader_.ok() || damaged();
    case Tag::kFalse: *value = Value::boolean(false); return true;
    case Tag::kTrue: *value = Value::boolean(true); return true;
    case Tag::kInteger8: return get_integer<std::int8_t>(value);
    case Tag::kInteger16: return get_integer<std::int16_t>(value);
    case Tag::kInteger32: return get_integer<std::int32_t>(value);
    case Tag::kInteger64: return get_integer<std::int64_t>(value);
    case Tag::kDouble: *value = Value::number(reader_.plain<double>()); return reader_.ok() || damaged();
    case Tag::kShared: {
      const std::uint64_t number = reader_.length();
      if (!reader_.ok() || number >= objects_.size()) return damaged();
      *value = objects_[number];
      return true;
    }
    case Tag::kString: return get_string(value);
    case Tag::kTable: return get_table(false, value);
    case Tag::kTableWithMetatable: return get_table(true, value);
    case Tag::kClosure: return get_closure(value);
    case Tag::kNamed: {
      const std::uint64_t number = reader_.length();
      if (!reader_.ok() || number >= named_.size()) return damaged();
      *value = named_[number];
      return keep(*value);
    }
    case Tag::kUserdata: return get_userdata(value);
    case Tag::kCount: break;
  }
  return damaged();
}

bool Decoder::get_string(Value* value) {
  const std::string_view text = reader_.text();
  if (!reader_.ok()) return damaged();
  if (text.size() <= String::kLongestShort) {
    *value = Value::string(thread_.text(text));
  } else {
    char* bytes;
    String* string = thread_.vm().strings().make_uninitialised(thread_.heap(), text.size(), &bytes);
    if (!string) return fail(kNoMemory);
    std::memcpy(bytes, text.data(), text.size());
    *value = Value::string(string);
  }
  return keep(*value);
}

bool Decoder::get_table(bool has_metatable, Value* value) {
  const std::uint32_t array = capacity(), hash = capacity();
  if (!reader_.ok()) return damaged();
  *value = Value::table(Table::make(thread_.heap(), array, hash));
  mentioned_.push_back({*value, has_metatable});
  return keep(*value);
}

bool Decoder::get_closure(Value* value) {
  Prototype* prototype = nullptr;
  const std::size_t place = objects_.size();
  objects_.push_back(Value::nil());
  if (!get_prototype(&prototype)) return false;
  *value = Value::closure(Closure::make(thread_.heap(), prototype));
  objects_[place] = *value;
  mentioned_.push_back({*value, false});
  return true;
}

void mark_as_library(Prototype* prototype) {
  prototype->is_library = true;
  for (Prototype* nested : prototype->prototypes) mark_as_library(nested);
}

void account(Heap& heap, const Prototype& prototype) {
  heap.account_outside(prototype.outside_bytes());
  for (const Prototype* nested : prototype.prototypes) account(heap, *nested);
}

bool Decoder::get_prototype(Prototype** prototype) {
  const std::uint64_t number = reader_.length();
  if (number > prototypes_.size()) return damaged();
  if (number > 0) {
    *prototype = prototypes_[number - 1];
    return true;
  }
  const std::uint8_t kind = reader_.byte();
  const std::string_view chunk = reader_.text();
  if (!reader_.ok()) return damaged();
  std::string reason;
  const std::optional<LuaFunction> function = read_chunk(chunk, &reason);
  if (!function) return damaged();
  *prototype = translate(*function, thread_.heap(), thread_.vm().strings(), &reason);
  if (!*prototype || !verify(**prototype).empty()) return damaged();
  if (kind == copy::kOfLibrary) mark_as_library(*prototype);
  account(thread_.vm().heap(), **prototype);
  prototypes_.push_back(*prototype);
  return true;
}

bool Decoder::get_userdata(Value* value) {
  const std::string_view packed = reader_.text();
  if (!reader_.ok() || !rules_.unpack(packed, value)) return damaged();
  return keep(*value);
}

bool Decoder::fill(Table* table, bool has_metatable) {
  Value metatable;
  if (has_metatable) {
    if (!get(&metatable) || !metatable.is_table()) return damaged();
    table->set_metatable(metatable.as_table());
  }
  const std::uint64_t count = reader_.length();
  if (count > reader_.left()) return damaged();
  for (std::uint64_t index = 1; index <= count; ++index) {
    Value element;
    if (!get(&element)) return false;
    if (element.is_nil()) continue;
    if (!table->set_integer(thread_.heap(), static_cast<std::int64_t>(index), element))
      return fail(kNoMemory);
  }
  for (;;) {
    Value key, element;
    if (!get(&key)) return false;
    if (key.is_nil()) break;
    if (!get(&element)) return false;
    const StoreResult result = table->set(thread_.heap(), key, element);
    if (result == StoreResult::kNoMemory) return fail(kNoMemory);
    if (result != StoreResult::kStored) return damaged();
  }
  if (has_metatable) with_metatable_.push_back(table);
  return true;
}

bool Decoder::fill(Closure* closure) {
  for (unsigned index = 0; index < closure->upvalue_count(); ++index) {
    const std::uint64_t number = reader_.length();
    if (!reader_.ok() || number > cells_.size()) return damaged();
    if (number == 0) {
      // In its place before its value: the value may mention no cell, so the order is that of the sender.
      Cell* cell = Cell::make(thread_.heap(), Value::nil());
      cells_.push_back(cell);
      Value content;
      if (!get(&content)) return false;
      cell->assign(thread_.heap(), content);
    }
    closure->upvalues()[index] = cells_[number == 0 ? cells_.size() - 1 : number - 1];
  }
  return true;
}

}  // namespace

bool names_in(std::string_view bytes, std::vector<std::string>* names) {
  std::size_t distance;
  std::uint32_t count;
  if (!find_names(bytes, &distance, &count)) return false;
  if (count == 0) return true;
  Reader reader(bytes.substr(distance));
  for (std::uint32_t index = 0; index < count && reader.ok(); ++index) names->emplace_back(reader.text());
  return reader.ok();
}

bool decode(VmThread& thread, std::string_view bytes, const std::vector<Value>& named, CopyRules& rules,
            Value* value, const char** error) {
  std::size_t distance;
  std::uint32_t count;
  *error = kDamagedCopy;
  if (!find_names(bytes, &distance, &count) || count != named.size()) return false;
  Decoder decoder(thread, bytes.substr(0, count > 0 ? distance : bytes.size() - 1), named, rules);
  if (decoder.run(value)) return decoder.is_at_end();
  *error = decoder.error();
  return false;
}

}  // namespace gilvm
