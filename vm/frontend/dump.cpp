#include "vm/frontend/dump.h"

#include <algorithm>

namespace gilvm {
namespace {

class Writer {
 public:
  explicit Writer(bool strip) : strip_(strip) {}

  void header() {
    bytes_ += "\x1bLua\x54";
    byte(0);
    bytes_ += "\x19\x93\r\n\x1a\n";
    byte(sizeof(std::uint32_t));
    byte(sizeof(std::int64_t));
    byte(sizeof(double));
    plain(std::int64_t{0x5678});
    plain(370.5);
  }

  void byte(std::uint64_t number) { bytes_.push_back(static_cast<char>(number)); }
  void function(const Prototype& prototype, const std::string& parent_source);
  std::string take() { return std::move(bytes_); }

 private:
  template <typename T>
  void plain(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }

  // Seven bits a byte, the most significant first; the last byte has its top bit set.
  void number(std::uint64_t value) {
    char digits[10];
    unsigned count = 0;
    do {
      digits[count++] = static_cast<char>(value & 0x7F);
      value >>= 7;
    } while (value != 0);
    digits[0] = static_cast<char>(digits[0] | 0x80);
    while (count > 0) bytes_.push_back(digits[--count]);
  }

  void text(std::string_view value) {
    number(value.size() + 1);
    bytes_ += value;
  }
  void no_text() { number(0); }
  // A name, which may be unknown.
  void name(const std::string& value) {
    if (strip_ || value.empty()) return no_text();
    text(value);
  }

  void constant(const Register& constant);
  void lines(const Prototype& prototype);
  void locals(const Prototype& prototype);

  const bool strip_;
  std::string bytes_;
};

void Writer::constant(const Register& constant) {
  const Value value = constant.value;
  if (value.is_nil()) {
    byte(0x00);
  } else if (value.is_boolean()) {
    byte(value.as_boolean() ? 0x11 : 0x01);
  } else if (constant.is_integer()) {
    byte(0x03);
    plain(constant.as_integer());
  } else if (value.is_string()) {
    byte(value.as_string()->is_short() ? 0x04 : 0x14);
    text(value.as_string()->view());
  } else {
    byte(0x13);
    plain(value.as_signed_double());
  }
}

void Writer::lines(const Prototype& prototype) {
  constexpr std::int32_t kMostDistance = 127;
  constexpr std::size_t kBetweenAbsolute = 128;  // MAXIWTHABS
  constexpr std::uint8_t kAbsolute = 0x80;
  if (strip_ || prototype.lua_lines.empty()) {
    number(0);
    number(0);
    return;
  }
  std::vector<std::size_t> absolute;
  number(prototype.lua_lines.size());
  std::int32_t before = prototype.first_line;
  for (std::size_t index = 0; index < prototype.lua_lines.size(); ++index) {
    const std::int32_t line = prototype.lua_lines[index];
    const std::int64_t distance = std::int64_t{line} - before;
    if (distance > kMostDistance || distance < -kMostDistance ||
        index % kBetweenAbsolute == kBetweenAbsolute - 1) {
      absolute.push_back(index);
      byte(kAbsolute);
    } else {
      byte(static_cast<std::uint64_t>(distance));
    }
    before = line;
  }
  number(absolute.size());
  for (std::size_t index : absolute) {
    number(index);
    number(static_cast<std::uint64_t>(prototype.lua_lines[index]));
  }
}

void Writer::locals(const Prototype& prototype) {
  const bool captures =
      std::any_of(prototype.prototypes.begin(), prototype.prototypes.end(), [](const Prototype* nested) {
        return std::any_of(nested->upvalues.begin(), nested->upvalues.end(),
                           [](const UpvalueDescription& upvalue) { return upvalue.in_register; });
      });
  if (strip_ && !captures) return number(0);
  number(prototype.locals.size());
  for (const LocalDescription& local : prototype.locals) {
    name(local.name);
    number(static_cast<std::uint64_t>(local.start));
    number(static_cast<std::uint64_t>(local.end));
  }
}

void Writer::function(const Prototype& prototype, const std::string& parent_source) {
  if (strip_ || prototype.source == parent_source) {
    no_text();
  } else {
    text(prototype.source);
  }
  number(static_cast<std::uint64_t>(prototype.first_line));
  number(static_cast<std::uint64_t>(prototype.last_line));
  byte(prototype.parameters);
  byte(prototype.is_vararg);
  byte(prototype.lua_registers);
  number(prototype.lua_code.size());
  for (std::uint32_t instruction : prototype.lua_code) plain(instruction);
  number(prototype.lua_constants);
  for (std::size_t index = 0; index < prototype.lua_constants; ++index) constant(prototype.constants[index]);
  number(prototype.upvalues.size());
  for (const UpvalueDescription& upvalue : prototype.upvalues) {
    byte(upvalue.in_register);
    byte(upvalue.index);
    byte(0);  // the kind of variable: of no use after compilation
  }
  number(prototype.prototypes.size());
  for (const Prototype* nested : prototype.prototypes) function(*nested, prototype.source);
  lines(prototype);
  locals(prototype);
  const bool has_names = !strip_ && !prototype.is_stripped;
  number(has_names ? prototype.upvalues.size() : 0);
  if (!has_names) return;
  for (const UpvalueDescription& upvalue : prototype.upvalues) name(upvalue.name);
}

}  // namespace

std::string dump(const Prototype& prototype, bool strip) {
  Writer writer(strip);
  writer.header();
  writer.byte(prototype.upvalues.size());
  writer.function(prototype, "=?");
  return writer.take();
}

}  // namespace gilvm
