#include "vm/frontend/listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <utility>
#include <vector>

#include "vm/base/text.h"
#include "vm/bytecode/disassembler.h"

namespace gilvm {
namespace {

constexpr std::size_t kColumns = 80;
constexpr std::size_t kMargin = 7;         // "  12 | "
constexpr std::size_t kLocalsColumn = 56;  // where the names of locals stand when there is room
constexpr std::size_t kLongestText = 24;   // of a string constant
constexpr std::size_t kTabWidth = 4;
constexpr char kTouchesShared = '*';
constexpr char kMaySwitch = '>';

// Columns of UTF-8 text, one for each code point.
std::size_t columns_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char byte) { return (byte & 0xC0) != 0x80; }));
}

std::string shortened(std::string_view text, std::size_t columns) {
  if (columns_of(text) <= columns) return std::string(text);
  std::size_t end = 0;
  for (std::size_t seen = 0; end < text.size(); ++end) {
    if ((text[end] & 0xC0) != 0x80 && ++seen > columns - 3) break;
  }
  return std::string(text.substr(0, end)) + "...";
}

// A source line as it can stand in a terminal: tabs as spaces, no control characters, no spaces at its end.
std::string printable(std::string_view line) {
  std::string result;
  for (char byte : line) {
    if (byte == '\t') {
      do result += ' ';
      while (columns_of(result) % kTabWidth != 0);
    } else {
      result += static_cast<unsigned char>(byte) < ' ' || byte == 0x7F ? ' ' : byte;
    }
  }
  result.erase(result.find_last_not_of(' ') + 1);
  return result;
}

std::vector<std::string_view> lines_of(std::string_view source) {
  std::vector<std::string_view> lines;
  while (!source.empty()) {
    const std::size_t end = source.find('\n');
    lines.push_back(source.substr(0, end));
    if (end == std::string_view::npos) break;
    source.remove_prefix(end + 1);
  }
  return lines;
}

// `sign`, then text that is broken at spaces and stands beside the margin.
std::string legend_entry(char sign, std::string_view text) {
  std::string result = std::string("   ") + sign;
  result.append(kMargin - result.size() - 1, ' ');
  std::size_t column = kMargin - 1;
  while (!text.empty()) {
    const std::size_t space = text.find(' ');
    const std::string_view word = text.substr(0, space);
    if (column + 1 + columns_of(word) > kColumns) {
      result += '\n' + std::string(kMargin - 1, ' ');
      column = kMargin - 1;
    }
    result += ' ';
    result += word;
    column += 1 + columns_of(word);
    if (space == std::string_view::npos) break;
    text.remove_prefix(space + 1);
  }
  return result + '\n';
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (char byte : text) {
    switch (byte) {
      case '\n': result += "\\n"; break;
      case '\r': result += "\\r"; break;
      case '\t': result += "\\t"; break;
      case '"': result += "\\\""; break;
      case '\\': result += "\\\\"; break;
      default:
        if (static_cast<unsigned char>(byte) < ' ' || byte == 0x7F) {
          result += '\\' + std::to_string(static_cast<unsigned char>(byte));
        } else {
          result += byte;
        }
    }
    if (columns_of(result) > kLongestText) return shortened(result, kLongestText) + '"';
  }
  return result + '"';
}

std::string text_of(const Register& constant) {
  const Value value = constant.value;
  if (constant.is_integer()) return std::to_string(constant.as_integer());
  if (value.is_string()) return quoted(value.as_string()->view());
  if (value.is_boolean()) return value.as_boolean() ? "true" : "false";
  if (!value.is_double()) return "nil";
  char text[40];
  std::snprintf(text, sizeof text, "%.14g", value.as_double());
  std::string result = text;
  if (result.find_first_not_of("-0123456789") == std::string::npos) result += ".0";
  return result;
}

// The names of a function's operands.
class PrototypeNames final : public OperandNames {
 public:
  explicit PrototypeNames(const Prototype& prototype) : prototype_(prototype) {
    // A local's register is the number of earlier ones that are active where it starts (captured_locals.cpp).
    for (const LocalDescription& local : prototype.locals) {
      const auto active =
          std::count_if(registers_.begin(), registers_.end(), [&](const LocalRegister& earlier) {
            return earlier.local->start <= local.start && local.start < earlier.local->end;
          });
      registers_.push_back({&local, static_cast<unsigned>(active)});
    }
  }

  std::string constant(std::size_t index) const override {
    return index < prototype_.constants.size() ? text_of(prototype_.constants[index]) : "?";
  }
  std::string upvalue(std::size_t index) const override {
    const bool known = index < prototype_.upvalues.size() && !prototype_.upvalues[index].name.empty();
    return known ? prototype_.upvalues[index].name : OperandNames::upvalue(index);
  }
  std::string prototype(std::size_t index) const override {
    if (index >= prototype_.prototypes.size()) return "?";
    const std::string name = name_of_nested(index);
    return fmt::format("<{}:{}>", name.empty() ? "function" : name, prototype_.prototypes[index]->first_line);
  }
  std::string local(std::size_t position, unsigned reg) const override {
    if (position >= prototype_.lua_position.size()) return {};
    return local_at(prototype_.lua_position[position], reg);
  }

  // What a nested function is called by the code that makes it; empty: not known.
  std::string name_of_nested(std::size_t index) const;

 private:
  struct LocalRegister {
    const LocalDescription* local;
    unsigned reg;
  };

  // Names that begin with '(' are the compiler's own.
  std::string local_at(std::int32_t lua_position, unsigned reg) const {
    for (const LocalRegister& known : registers_) {
      if (known.reg == reg && known.local->start <= lua_position && lua_position < known.local->end) {
        return known.local->name.starts_with('(') ? "" : known.local->name;
      }
    }
    return {};
  }
  std::string name_where_stored(Instruction next, std::uint16_t function) const;

  const Prototype& prototype_;
  std::vector<LocalRegister> registers_;
};

// The name under which `next` stores the function that register operand `function` holds.
std::string PrototypeNames::name_where_stored(Instruction next, std::uint16_t function) const {
  const auto key = [this](std::uint16_t field) -> std::string {
    const unsigned index = Instruction::number(field);
    if (index >= prototype_.constants.size() || !prototype_.constants[index].value.is_string()) return {};
    return std::string(prototype_.constants[index].value.as_string()->view());
  };
  switch (next.op()) {
    case Opcode::kSetGlobal: return next.a() == function ? key(next.c()) : "";
    case Opcode::kSetField: return next.c() == function ? key(next.b()) : "";
    case Opcode::kStoreUpvalue: return next.a() == function ? upvalue(next.b()) : "";
    default: return {};
  }
}

std::string PrototypeNames::name_of_nested(std::size_t index) const {
  for (std::size_t position = 0; position + 1 < prototype_.code_size; ++position) {
    const Instruction instruction = prototype_.code[position].load();
    if (instruction.op() != Opcode::kClosure || static_cast<std::size_t>(instruction.wide()) != index)
      continue;
    const Instruction next = prototype_.code[position + 1].load();
    std::string stored = name_where_stored(next, instruction.a());
    if (!stored.empty()) return stored;
    // A local, which may live in a cell, is visible from the next Lua instruction on.
    const bool in_cell = next.op() == Opcode::kStoreCell && next.b() == instruction.a();
    return local_at(prototype_.lua_position[position] + 1,
                    Instruction::number(in_cell ? next.a() : instruction.a()));
  }
  return {};
}

// The source line under which an instruction stands. A local's cell is made where its scope begins, which is
// at the statement after its own: there it would look odd.
std::int32_t line_of(const Prototype& prototype, std::size_t position, const PrototypeNames& names) {
  const Instruction instruction = prototype.code[position].load();
  if (instruction.op() == Opcode::kMakeCell && position > 0 &&
      !names.local(position, Instruction::number(instruction.a())).empty()) {
    switch (prototype.code[position - 1].load().op()) {
      case Opcode::kReturn:
      case Opcode::kReturnNone:
      case Opcode::kReturnOne:
      case Opcode::kReturnClose:
      case Opcode::kJumpBack: break;  // the cell is made on a jump into the scope
      default: return line_of(prototype, position - 1, names);
    }
  }
  return prototype.lines[position];
}

char sign_of(Opcode op) {
  return touches_shared(op) ? kTouchesShared : is_switch_point(op) ? kMaySwitch : ' ';
}

class Listing {
 public:
  explicit Listing(std::string_view source) : lines_(lines_of(source)) {}

  void add_function(const Prototype& prototype, const std::string& heading);
  void add_legend();
  std::string text;

 private:
  void add_source_line(std::size_t number);
  void add_instruction(const Prototype& prototype, std::size_t position, const PrototypeNames& names,
                       std::size_t name_width);
  void add_line(std::string line) {
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }

  std::vector<std::string_view> lines_;
};

void Listing::add_source_line(std::size_t number) {
  const std::string line = number <= lines_.size() ? printable(lines_[number - 1]) : "";
  add_line(fmt::format("{:>4} | {}", number, shortened(line, kColumns - kMargin)));
}

void Listing::add_instruction(const Prototype& prototype, std::size_t position, const PrototypeNames& names,
                              std::size_t name_width) {
  const Instruction instruction = prototype.code[position].load();
  const DisassembledInstruction parts = disassemble(instruction, position, names);
  std::string line = fmt::format("   {} | {:>5}  {:<{}}  {}", sign_of(instruction.op()), position, parts.name,
                                 name_width, parts.operands);
  line = shortened(line, kColumns);
  if (!parts.locals.empty()) {
    const std::size_t used = columns_of(line);
    line.append(used + 2 <= kLocalsColumn ? kLocalsColumn - used : 2, ' ');
    line = shortened(line + "; " + parts.locals, kColumns);
  }
  add_line(std::move(line));
}

void Listing::add_function(const Prototype& prototype, const std::string& heading) {
  if (!text.empty()) text += '\n';
  text += shortened(heading, kColumns) + "\n\n";

  const PrototypeNames names(prototype);
  std::size_t name_width = 0;
  std::vector<std::pair<std::int32_t, std::size_t>> by_line;  // line, position
  for (std::size_t position = 0; position < prototype.code_size; ++position) {
    by_line.emplace_back(line_of(prototype, position, names), position);
    name_width =
        std::max(name_width, std::string_view(info_of(prototype.code[position].load().op()).name).size());
  }
  std::stable_sort(by_line.begin(), by_line.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });

  // Lines of nested functions stand with those functions, except where this one has instructions on them too.
  const auto in_nested = [&](std::int64_t line) {
    return std::any_of(
        prototype.prototypes.begin(), prototype.prototypes.end(),
        [line](const Prototype* nested) { return nested->first_line <= line && line <= nested->last_line; });
  };
  const bool is_main = prototype.first_line == 0;
  const auto source_end = static_cast<std::int64_t>(lines_.size());
  std::int64_t line = is_main ? 1 : prototype.first_line;
  std::int64_t last = is_main ? source_end : prototype.last_line;
  if (!by_line.empty()) {
    line = std::min<std::int64_t>(line, by_line.front().first);
    last = std::max<std::int64_t>(last, by_line.back().first);
  }
  bool left_out = false;
  for (std::size_t next = 0; line <= last; ++line) {
    // A chunk may claim any line. Of those that the source does not have, only the ones with code are shown.
    if (line < 1 || line > source_end) {
      if (next == by_line.size()) break;
      line = by_line[next].first;
    }
    const bool has_code = next < by_line.size() && by_line[next].first == line;
    if (!has_code && in_nested(line)) {
      if (!left_out) add_line("     | ...");
      left_out = true;
      continue;
    }
    left_out = false;
    add_source_line(static_cast<std::size_t>(std::max<std::int64_t>(line, 1)));
    for (; next < by_line.size() && by_line[next].first == line; ++next) {
      add_instruction(prototype, by_line[next].second, names, name_width);
    }
  }

  for (std::size_t index = 0; index < prototype.prototypes.size(); ++index) {
    const Prototype& nested = *prototype.prototypes[index];
    const std::string name = names.name_of_nested(index);
    add_function(
        nested,
        name.empty()
            ? fmt::format(fmt::runtime(translate("function without a name, line {0}")), nested.first_line)
            : fmt::format(fmt::runtime(translate("function {0}, line {1}")), name, nested.first_line));
  }
}

void Listing::add_legend() {
  text += '\n';
  text += legend_entry(kTouchesShared,
                       translate("touches what other threads can reach: a global, an element of a table, "
                                 "or a local that a function captured"));
  text += legend_entry(kMaySwitch,
                       translate("the GIL may change hands here under --switch-points=loops: a backward "
                                 "jump, or a call, which enters a function; under --switch-points=every "
                                 "it may before any instruction"));
}

}  // namespace

std::string listing(const Prototype& main, std::string_view source) {
  Listing result(source);
  result.add_function(main,
                      fmt::format(fmt::runtime(translate("main chunk, {0}")), short_source(main.source)));
  result.add_legend();
  return std::move(result.text);
}

}  // namespace gilvm
