#include "vm/main/value_json.h"

#include <cmath>
#include <string>

#include "vm/object/table.h"
#include "vm/runtime/errors.h"

namespace gilvm {
namespace {

constexpr int kDeepest = 20;

nlohmann::json json_at(Value value, int depth);

std::string key_text(Value key) {
  if (key.is_string()) return std::string(key.as_string()->view());
  if (key.is_number()) return number_text(key);
  if (key.is_boolean()) return key.as_boolean() ? "true" : "false";
  return type_name(key);
}

nlohmann::json table_at(const Table* table, int depth) {
  const std::uint64_t length = table->length();
  std::uint64_t entries = 0;
  Value key, value;
  while (table->next(key, &key, &value) && !key.is_nil()) ++entries;
  if (entries == length && length > 0) {
    nlohmann::json array = nlohmann::json::array();
    for (std::uint64_t index = 1; index <= length; ++index) {
      array.push_back(json_at(table->get_integer(static_cast<std::int64_t>(index)), depth + 1));
    }
    return array;
  }
  nlohmann::json object = nlohmann::json::object();
  key = Value::nil();
  while (table->next(key, &key, &value) && !key.is_nil()) object[key_text(key)] = json_at(value, depth + 1);
  return object;
}

nlohmann::json json_at(Value value, int depth) {
  if (value.is_nil()) return nullptr;
  if (value.is_boolean()) return value.as_boolean();
  if (value.is_integer()) return value.as_integer();
  if (value.is_double()) {
    // JSON has no infinity and no NaN.
    if (!std::isfinite(value.as_double())) return number_text(value);
    return value.as_double();
  }
  if (value.is_string()) return std::string(value.as_string()->view());
  if (value.is_table()) return depth < kDeepest ? table_at(value.as_table(), depth) : nlohmann::json("...");
  return type_name(value);
}

}  // namespace

nlohmann::json json_of(Value value) { return json_at(value, 0); }

}  // namespace gilvm
