#include "vm/frontend/lua_chunk.h"

#include <cstring>

namespace gilvm {
namespace {

constexpr int kDeepestNesting = 250;

class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  bool failed() const { return !reason_.empty(); }
  const std::string& reason() const { return reason_; }
  void fail(const char* reason) {
    if (reason_.empty()) reason_ = reason;
  }

  std::uint8_t byte() {
    if (position_ >= bytes_.size()) {
      fail("truncated chunk");
      return 0;
    }
    return static_cast<std::uint8_t>(bytes_[position_++]);
  }

  // `size` bytes, or none when there are not so many.
  std::string_view block(std::uint64_t size) {
    if (size > bytes_.size() - position_) {
      fail("truncated chunk");
      return {};
    }
    std::string_view result = bytes_.substr(position_, size);
    position_ += size;
    return result;
  }

  template <typename T>
  T plain() {
    T value{};
    std::string_view raw = block(sizeof(T));
    if (raw.size() == sizeof(T)) std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }

  // Seven bits a byte, the most significant first; the last byte has its top bit set.
  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int count = 0; count < 10; ++count) {
      std::uint8_t next = byte();
      value = value << 7 | (next & 0x7F);
      if (next & 0x80) return value;
      if (failed()) return 0;
    }
    fail("integer overflow");
    return 0;
  }

  std::int32_t integer() {
    std::uint64_t value = number();
    if (value > 0x7FFFFFFF) fail("integer overflow");
    return static_cast<std::int32_t>(value);
  }

  // The count of a list whose elements take at least `least_size` bytes each.
  std::size_t count(std::size_t least_size) {
    auto value = static_cast<std::size_t>(integer());
    if (failed() || value * least_size > bytes_.size() - position_) {
      fail("truncated chunk");
      return 0;
    }
    return value;
  }

  // `absent`: what stands for no text at all, which is not the same as an empty one.
  std::string text(const std::string& absent = {}) {
    std::uint64_t size = number();
    return size == 0 ? absent : std::string(block(size - 1));
  }

  void header();
  LuaFunction function(const std::string& parent_source, int depth);

 private:
  LuaConstant constant();
  std::vector<std::int32_t> lines(const LuaFunction& function);

  std::string_view bytes_;
  std::size_t position_ = 0;
  std::string reason_;
};

void Reader::header() {
  if (block(4) != "\x1bLua") return fail("not a binary chunk");
  if (byte() != 0x54) return fail("version mismatch");
  if (byte() != 0) return fail("format mismatch");
  if (block(6) != "\x19\x93\r\n\x1a\n") return fail("corrupted chunk");
  if (byte() != 4) return fail("Instruction size mismatch");
  if (byte() != 8) return fail("lua_Integer size mismatch");
  if (byte() != 8) return fail("lua_Number size mismatch");
  if (plain<std::int64_t>() != 0x5678) return fail("integer format mismatch");
  if (plain<double>() != 370.5) return fail("float format mismatch");
}

LuaConstant Reader::constant() {
  switch (byte()) {
    case 0x00: return LuaNil{};
    case 0x01: return false;
    case 0x11: return true;
    case 0x03: return plain<std::int64_t>();
    case 0x13: return plain<double>();
    case 0x04:
    case 0x14: {
      const std::uint64_t size = number();
      if (size == 0) fail("bad format for constant string");
      return std::string(block(size == 0 ? 0 : size - 1));
    }
    default: fail("unknown kind of constant"); return LuaNil{};
  }
}

std::vector<std::int32_t> Reader::lines(const LuaFunction& function) {
  // A signed distance to the line of the instruction before, or a mark that the line stands in a second list.
  constexpr std::int8_t kAbsolute = -0x80;
  std::string_view distances = block(count(1));
  std::vector<std::pair<std::int32_t, std::int32_t>> absolute(count(2));
  for (auto& [position, line] : absolute) {
    position = integer();
    line = integer();
  }
  std::vector<std::int32_t> result;
  std::int32_t line = function.first_line;
  std::size_t next_absolute = 0;
  for (char distance : distances) {
    if (static_cast<std::int8_t>(distance) != kAbsolute) {
      // Unsigned: in a damaged chunk the sum may be anything.
      line = static_cast<std::int32_t>(static_cast<std::uint32_t>(line) +
                                       static_cast<std::uint32_t>(static_cast<std::int8_t>(distance)));
    } else if (next_absolute < absolute.size()) {
      line = absolute[next_absolute++].second;
    } else {
      fail("line information is damaged");
    }
    result.push_back(line);
  }
  return result;
}

LuaFunction Reader::function(const std::string& parent_source, int depth) {
  LuaFunction result;
  if (depth > kDeepestNesting) {
    fail("functions are nested too deeply");
    return result;
  }
  result.source = text(parent_source);
  result.first_line = integer();
  result.last_line = integer();
  result.parameters = byte();
  result.is_vararg = byte() != 0;
  result.registers = byte();

  result.code.resize(count(4));
  for (LuaInstruction& instruction : result.code) instruction.word = plain<std::uint32_t>();
  result.constants.resize(count(1));
  for (LuaConstant& value : result.constants) value = constant();
  result.upvalues.resize(count(3));
  for (LuaUpvalue& upvalue : result.upvalues) {
    upvalue.in_stack = byte() != 0;
    upvalue.index = byte();
    byte();  // the kind of variable: of no use after compilation
  }
  const std::size_t nested = count(1);
  for (std::size_t index = 0; index < nested && !failed(); ++index) {
    result.functions.push_back(function(result.source, depth + 1));
  }

  result.lines = lines(result);
  result.locals.resize(count(3));
  for (LuaLocal& local : result.locals) {
    local.name = text();
    local.start = integer();
    local.end = integer();
  }
  const std::size_t names = count(1);
  for (std::size_t index = 0; index < names && !failed(); ++index) {
    std::string name = text();
    if (index < result.upvalues.size()) result.upvalues[index].name = std::move(name);
  }
  return result;
}

}  // namespace

std::optional<LuaFunction> read_chunk(std::string_view bytes, std::string* error) {
  Reader reader(bytes);
  reader.header();
  if (!reader.failed()) {
    const std::uint8_t upvalues = reader.byte();
    LuaFunction main = reader.function("=?", 0);
    if (!reader.failed() && main.upvalues.size() != upvalues) reader.fail("corrupted chunk");
    if (!reader.failed()) return main;
  }
  *error = reader.reason();
  return std::nullopt;
}

}  // namespace gilvm
