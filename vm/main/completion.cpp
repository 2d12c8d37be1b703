#include "vm/main/completion.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "vm/runtime/errors.h"

namespace gilvm {
namespace {

constexpr std::array<std::string_view, 22> kKeywords = {
    "and", "break", "do",  "else", "elseif", "end",    "false",  "for",  "function", "goto",  "if",
    "in",  "local", "nil", "not",  "or",     "repeat", "return", "then", "true",     "until", "while"};
constexpr int kLongestChain = 10;  // tables that inherit from one another

bool is_of_a_name(char letter) {
  return letter == '_' || (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
         (letter >= 'A' && letter <= 'Z');
}

bool is_name(std::string_view text) {
  return !text.empty() && !(text[0] >= '0' && text[0] <= '9') &&
         std::all_of(text.begin(), text.end(), is_of_a_name);
}

// The table where the fields of a value are looked up after its own, or null.
Table* inherited(VmThread& thread, Value value) {
  const Value index = metamethod(thread, value, Event::kIndex);
  return index.is_table() ? index.as_table() : nullptr;
}

Value field(VmThread& thread, Value value, std::string_view name) {
  const Value key = Value::string(thread.string(name));
  Table* table = value.is_table() ? value.as_table() : inherited(thread, value);
  for (int link = 0; table && link < kLongestChain; ++link) {
    const Value found = table->get(key);
    if (!found.is_nil()) return found;
    table = inherited(thread, Value::table(table));
  }
  return Value::nil();
}

void add_fields(const Table* table, std::string_view beginning, std::vector<std::string>* words) {
  Value key, value;
  while (table->next(key, &key, &value) && !key.is_nil()) {
    if (!key.is_string()) continue;
    const std::string_view name = key.as_string()->view();
    if (name.starts_with(beginning) && is_name(name)) words->emplace_back(name);
  }
}

}  // namespace

std::vector<std::string> completions(VmThread& thread, const std::string& text) {
  // a.b.c: from the back, as long as there are names with one '.' or ':' between them.
  std::size_t start = text.size();
  while (start > 0 && (is_of_a_name(text[start - 1]) || text[start - 1] == '.' || text[start - 1] == ':'))
    --start;
  std::string_view path = std::string_view(text).substr(start);
  Value value = Value::table(thread.vm().globals);
  bool is_global = true;
  for (std::size_t end; (end = path.find_first_of(".:")) != std::string_view::npos;
       path.remove_prefix(end + 1)) {
    value = field(thread, value, path.substr(0, end));
    is_global = false;
  }
  std::vector<std::string> words;
  Table* table = value.is_table() ? value.as_table() : inherited(thread, value);
  for (int link = 0; table && link < kLongestChain; ++link) {
    add_fields(table, path, &words);
    table = inherited(thread, Value::table(table));
  }
  if (is_global) {
    for (std::string_view keyword : kKeywords) {
      if (keyword.starts_with(path)) words.emplace_back(keyword);
    }
  }
  std::sort(words.begin(), words.end());
  words.erase(std::unique(words.begin(), words.end()), words.end());
  return words;
}

}  // namespace gilvm
