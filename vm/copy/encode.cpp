#include <cctype>

#include "vm/copy/copy.h"
#include "vm/copy/format.h"
#include "vm/copy/identities.h"
#include "vm/frontend/dump.h"
#include "vm/object/coroutine.h"
#include "vm/object/function.h"
#include "vm/runtime/errors.h"

namespace gilvm {
namespace {

using copy::Tag;

// Why a value stands where it does.
enum class Place : std::uint8_t { kRoot, kElement, kKey, kMetatable, kUpvalue };

class Encoder {
 public:
  Encoder(CopyRules& rules, std::string& bytes) : rules_(rules), bytes_(bytes), begin_(bytes.size()) {}

  bool run(Value value) {
    byte(copy::kVersion);
    if (!put(value, Value::nil(), Place::kRoot)) return false;
    for (current_ = 0; current_ < mentioned_.size(); ++current_) {
      const Value object = mentioned_[current_].object;
      if (!(object.is_table() ? table(object.as_table()) : closure(object.as_closure()))) return false;
    }
    put_names();
    return true;
  }
  std::string error() const { return error_; }

 private:
  // An object whose contents are to follow, and where it was mentioned first.
  struct Mention {
    Value object;
    std::uint32_t parent;  // an index of mentioned_
    Place place;
    Value key;  // kElement: of the parent; kUpvalue: its number, from 0
  };

  void byte(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void tag(Tag value) { byte(static_cast<std::uint8_t>(value)); }
  void length(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<std::uint8_t>(value | 0x80));
    byte(static_cast<std::uint8_t>(value));
  }
  template <typename T>
  void plain(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  template <typename T>
  bool integer_as(Tag its_tag, std::int64_t value) {
    if (value != static_cast<T>(value)) return false;
    tag(its_tag);
    plain(static_cast<T>(value));
    return true;
  }
  void integer(std::int64_t value) {
    if (value >= copy::kSmallestInteger && value <= copy::kLargestInteger) {
      byte(static_cast<std::uint8_t>(value - copy::kSmallestInteger + copy::kSmallIntegers));
    } else if (!integer_as<std::int8_t>(Tag::kInteger8, value) &&
               !integer_as<std::int16_t>(Tag::kInteger16, value) &&
               !integer_as<std::int32_t>(Tag::kInteger32, value)) {
      integer_as<std::int64_t>(Tag::kInteger64, value);
    }
  }
  void text(std::string_view value) {
    length(value.size());
    bytes_ += value;
  }

  bool put(Value value, Value key, Place place);
  bool put_object(Value value, Value key, Place place);
  bool put_userdata(Userdata* userdata, Value key, Place place);
  void put_name(const std::string& name);
  void put_names();
  void put_prototype(const Prototype* prototype);
  void mention(Value object, Value key, Place place) {
    mentioned_.push_back({object, static_cast<std::uint32_t>(current_), place, key});
  }
  bool table(Table* table);
  bool closure(Closure* closure);
  bool refuse(const std::string& what, Value key, Place place);
  void add_step(const Mention& mention, std::string* path) const;

  CopyRules& rules_;
  std::string& bytes_;
  const std::size_t begin_;
  Identities objects_, cells_, prototypes_;
  std::vector<Mention> mentioned_;
  std::size_t current_ = 0;  // whose contents are being written
  std::vector<std::string> names_;
  std::string error_;
};

bool Encoder::put(Value value, Value key, Place place) {
  if (value.is_integer()) {
    integer(value.as_integer());
  } else if (value.is_double()) {
    tag(Tag::kDouble);
    plain(value.as_double());
  } else if (value.is_nil()) {
    tag(Tag::kNil);
  } else if (value.is_boolean()) {
    tag(value.as_boolean() ? Tag::kTrue : Tag::kFalse);
  } else if (value.is_object()) {
    return put_object(value, key, place);
  } else {
    return refuse("a light userdata", key, place);
  }
  return true;
}

bool Encoder::put_object(Value value, Value key, Place place) {
  const auto [number, is_known] = objects_.number_of(value.as_object());
  if (is_known) {
    tag(Tag::kShared);
    length(number);
    return true;
  }
  if (value.is_string()) {
    tag(Tag::kString);
    text(value.as_string()->view());
    return true;
  }
  const bool is_script_function = value.is_closure() && !value.as_closure()->prototype->is_library;
  std::string name;
  if (!is_script_function && !value.is_coroutine() && rules_.name_of(value, &name)) {
    put_name(name);
  } else if (value.is_table()) {
    const Table* table = value.as_table();
    tag(table->metatable() ? Tag::kTableWithMetatable : Tag::kTable);
    mention(value, key, place);
    const ArrayBlock* array = table->array();
    length(array->capacity());
    length(table->hash()->capacity());
  } else if (value.is_closure()) {
    tag(Tag::kClosure);
    put_prototype(value.as_closure()->prototype);
    mention(value, key, place);
  } else if (value.is_userdata()) {
    return put_userdata(value.as_userdata(), key, place);
  } else if (value.is_coroutine()) {
    return refuse("a thread", key, place);
  } else {
    return refuse("a native function", key, place);
  }
  return true;
}

bool Encoder::put_userdata(Userdata* userdata, Value key, Place place) {
  std::string packed, reason;
  if (!rules_.pack(userdata, &packed, &reason)) {
    const std::string what = userdata->object ? userdata->object->type_name() : "userdata";
    return refuse("a " + what + (reason.empty() ? "" : ": " + reason), key, place);
  }
  tag(Tag::kUserdata);
  text(packed);
  return true;
}

void Encoder::put_name(const std::string& name) {
  tag(Tag::kNamed);
  length(names_.size());
  names_.push_back(name);
}

void Encoder::put_names() {
  if (names_.empty()) return byte(copy::kNoNames);
  const std::size_t distance = bytes_.size() - begin_;
  for (const std::string& name : names_) text(name);
  plain(static_cast<std::uint32_t>(names_.size()));
  plain(static_cast<std::uint32_t>(distance));
  byte(copy::kHasNames);
}

void Encoder::put_prototype(const Prototype* prototype) {
  const auto [number, is_known] = prototypes_.number_of(prototype);
  if (is_known) return length(number + 1);
  length(0);
  byte(prototype->is_library ? copy::kOfLibrary : 0);
  text(dump(*prototype, false));
}

bool Encoder::table(Table* table) {
  if (Table* metatable = table->metatable()) {
    if (!put(Value::table(metatable), Value::nil(), Place::kMetatable)) return false;
  }
  // Blocks that are replaced meanwhile stay until the next collection.
  ArrayBlock* array = table->array();
  std::uint32_t count = array->capacity();
  while (count > 0 && array->slots()[count - 1].load().is_nil()) --count;
  length(count);
  for (std::uint32_t index = 0; index < count; ++index) {
    if (!put(array->slots()[index].load(), Value::inline_integer(index + 1), Place::kElement)) return false;
  }
  HashBlock* hash = table->hash();
  for (std::uint32_t index = 0; index < hash->capacity(); ++index) {
    Node& node = hash->nodes()[index];
    const Value value = node.value.load(), key = node.key.load();
    if (value.is_nil() || key.is_nil() || key.is_empty() || key == Value::dead()) continue;
    // Left over in the hash part from before the array part grew over it.
    if (key.is_integer() && static_cast<std::uint64_t>(key.as_integer()) - 1 < array->capacity()) continue;
    if (!put(key, key, Place::kKey) || !put(value, key, Place::kElement)) return false;
  }
  tag(Tag::kNil);
  return true;
}

bool Encoder::closure(Closure* closure) {
  for (unsigned index = 0; index < closure->upvalue_count(); ++index) {
    const Cell* cell = closure->upvalues()[index];
    const auto [number, is_known] = cells_.number_of(cell);
    length(is_known ? number + 1 : 0);
    const Value content = cell ? cell->content.load() : Value::nil();
    if (!is_known && !put(content, Value::inline_integer(index), Place::kUpvalue)) return false;
  }
  return true;
}

bool is_name(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) return false;
  for (const char letter : text) {
    if (!std::isalnum(static_cast<unsigned char>(letter)) && letter != '_') return false;
  }
  return true;
}

void add_key(Value key, std::string* path) {
  if (key.is_string() && is_name(key.as_string()->view())) {
    *path += '.';
    *path += key.as_string()->view();
    return;
  }
  *path += '[';
  if (key.is_integer()) {
    *path += std::to_string(key.as_integer());
  } else if (key.is_string()) {
    *path += '"';
    *path += key.as_string()->view();
    *path += '"';
  } else {
    *path += type_name(key);
  }
  *path += ']';
}

void Encoder::add_step(const Mention& mention, std::string* path) const {
  switch (mention.place) {
    case Place::kRoot: break;
    case Place::kElement: add_key(mention.key, path); break;
    case Place::kKey: *path += "<key>"; break;
    case Place::kMetatable: *path += "<metatable>"; break;
    case Place::kUpvalue: {
      const Closure* closure = mentioned_[mention.parent].object.as_closure();
      const std::string& name =
          closure->prototype->upvalues[static_cast<std::size_t>(mention.key.as_integer())].name;
      *path += "<captured " + (name.empty() ? "variable" : name) + ">";
    }
  }
}

bool Encoder::refuse(const std::string& what, Value key, Place place) {
  // From the value to the root.
  std::vector<Mention> steps{{Value::nil(), static_cast<std::uint32_t>(current_), place, key}};
  while (steps.back().place != Place::kRoot) steps.push_back(mentioned_[steps.back().parent]);
  std::string path;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) add_step(*step, &path);
  if (path.starts_with('.')) path.erase(0, 1);
  error_ = "cannot send " + what + (path.empty() ? "" : " (at " + path + ")");
  return false;
}

}  // namespace

bool encode(Value value, CopyRules& rules, std::string* bytes, std::string* error) {
  Encoder encoder(rules, *bytes);
  if (encoder.run(value)) return true;
  *error = encoder.error();
  return false;
}

}  // namespace gilvm
