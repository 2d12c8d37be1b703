#include "vm/main/next_step.h"

#include <algorithm>
#include <cctype>
#include <functional>
#include <string_view>

#include "vm/main/value_json.h"
#include "vm/object/coroutine.h"
#include "vm/object/table.h"
#include "vm/runtime/errors.h"
#include "vm/runtime/shared_operation.h"
#include "vm/runtime/variable_names.h"

namespace gilvm {
namespace {

constexpr int kMostSteps = 8;              // along __index
constexpr std::size_t kLongestText = 200;  // of a string, in bytes
constexpr std::size_t kMostArguments = 6;  // that are shown
constexpr std::size_t kMostElements = 20;  // of a table

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char letter : text.substr(0, kLongestText)) {
    if (letter == '\n') {
      result += "\\n";
    } else if (letter == '"' || letter == '\\') {
      result += '\\';
      result += letter;
    } else {
      result += letter;
    }
  }
  return result + (text.size() > kLongestText ? "…" : "\"");
}

bool is_name(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0]))) return false;
  return std::all_of(text.begin(), text.end(), [](char letter) {
    return std::isalnum(static_cast<unsigned char>(letter)) || letter == '_';
  });
}

std::string type_text(VmThread& thread, Value value) {
  if (value.is_userdata()) return value.as_userdata()->object->type_name();
  return type_name_of(thread, value);
}

bool is_object(Value value) { return value.is_object() && !value.is_string() && !value.is_box(); }

bool is_function(Value value) { return value.is_closure() || value.is_native(); }

// Of `key` in what is written `base`; a method's `separator` is another one.
std::string element_text(VmThread& thread, const std::string& base, const Register& key,
                         const char* separator = ".") {
  if (key.value.is_string() && is_name(key.value.as_string()->view())) {
    const std::string name(key.value.as_string()->view());
    return base == "_ENV" ? name : base + separator + name;
  }
  return base + '[' + shown_value(thread, key).text + ']';
}

std::uint32_t id_of(const Object* object) {
  return object->word < Access::kFirstObject ? object->word + Access::kFirstObject : object->word;
}

std::uint64_t variable_of(std::uint32_t object, const std::string& key) {
  return std::hash<std::string>()(key) * 31 + object;
}

// Nothing of it is worth a row: what the script loads is not what its threads do.
bool is_preparation(std::string_view name) { return name == "require" || name == "experiment"; }

}  // namespace

ShownValue shown_value(VmThread& thread, Value value) {
  if (value.is_nil()) return {"nil", nullptr};
  if (value.is_boolean()) return {value.as_boolean() ? "true" : "false", value.as_boolean()};
  if (value.is_number()) return {number_text(value), json_of(value)};
  if (value.is_string()) return {quoted(value.as_string()->view()), json_of(value)};
  const std::string type = type_text(thread, value);
  return {type, type};
}

ShownValue shown_value(VmThread& thread, const Register& reg) {
  if (reg.value.is_wide()) return {integer_text(reg.wide), reg.wide};
  return shown_value(thread, reg.value);
}

ShownValue shown_content(VmThread& thread, Value value) {
  if (!value.is_table()) return shown_value(thread, value);
  const Table* table = value.as_table();
  std::string text;
  nlohmann::json list = nlohmann::json::array(), object = nlohmann::json::object();
  Value key, element;
  while (table->next(key, &key, &element) && !key.is_nil()) {
    if (!text.empty()) text += ", ";
    if (list.size() + object.size() == kMostElements) {
      text += "…";
      break;
    }
    const ShownValue shown = shown_value(thread, element);
    const bool follows = key.is_integer() && key.as_integer() == static_cast<std::int64_t>(list.size()) + 1;
    const bool is_named = key.is_string() && is_name(key.as_string()->view());
    const std::string name =
        is_named ? std::string(key.as_string()->view()) : '[' + shown_value(thread, key).text + ']';
    text += follows ? shown.text : name + '=' + shown.text;
    if (follows) {
      list.push_back(shown.json);
    } else {
      object[name] = shown.json;
    }
  }
  if (!list.empty() && !object.empty()) {
    for (std::size_t index = 0; index < list.size(); ++index) {
      object['[' + std::to_string(index + 1) + ']'] = list[index];
    }
  }
  return {'{' + text + '}', object.empty() ? list : object};
}

void NextSteps::learn(VmThread& thread) {
  if (effects_.is_empty()) effects_.learn(thread);
}

// As InstructionAccesses::get() goes along.
void NextSteps::read_field(VmThread& thread, Value object, const Register& key, NextStep* step) {
  for (int along = 0; along < kMostSteps; ++along) {
    Value found;
    if (object.is_table()) {
      step->objects.push_back(id_of(object.as_object()));
      found = get_raw(*object.as_table(), key);
    }
    const Value next = found.is_nil() ? metamethod(thread, object, Event::kIndex) : Value::nil();
    if (is_function(next)) return;  // that function says what is read
    if (next.is_nil()) {
      if (step->objects.empty()) return;
      step->kind = NextStep::Kind::kRead;
      step->values = {shown_value(thread, found)};
      step->matters_if_changed = is_object(found);
      return;
    }
    object = next;
  }
}

void NextSteps::write_field(VmThread& thread, Value object, const Register& key, const Register& value,
                            NextStep* step) {
  for (int along = 0; along < kMostSteps; ++along) {
    const bool is_table = object.is_table();
    const bool is_known = is_table && !get_raw(*object.as_table(), key).is_nil();
    const Value next = is_known ? Value::nil() : metamethod(thread, object, Event::kNewIndex);
    if (is_function(next)) return;
    if (next.is_nil()) {
      if (!is_table) return;
      step->objects.push_back(id_of(object.as_object()));
      step->kind = NextStep::Kind::kWrite;
      step->values = {shown_value(thread, value)};
      return;
    }
    object = next;
  }
}

void NextSteps::call(VmThread& thread, const Register* function, std::size_t count, NextStep* step) {
  const CallFrame* frame = thread.coroutine->frame();
  const Prototype& prototype = *frame->closure->prototype;
  const auto place = static_cast<std::size_t>(frame->pc - prototype.code.get());
  const std::int32_t position = prototype.lua_position[place];
  const auto is_library = [](Value value) {
    return value.is_closure() && value.as_closure()->prototype->is_library;
  };
  Value called = function->value;
  if (!is_function(called)) called = metamethod(thread, called, Event::kCall);
  const bool is_protected = called.is_native() &&
                            called.as_native()->native_kind() != NativeKind::kOrdinary && count > 0 &&
                            is_library(function[1].value);
  if (is_library(called) || is_protected) {
    step->is_everyones = true;
  } else if (called.is_native()) {
    const std::string_view name = called.as_native()->name ? called.as_native()->name : "";
    if (is_preparation(name)) return;
    step->is_everyones = name == "print";
    for (const Access& access : accesses_.of_next(thread)) {
      if (access.object == Access::kAnything) step->is_everyones = true;
      if (access.object >= Access::kFirstObject) step->objects.push_back(access.object);
    }
    if (!step->is_everyones && step->objects.empty()) return;
    if (step->name.empty()) step->name = name;
  } else {
    return;
  }
  step->kind = NextStep::Kind::kCall;
  // The object of a method stands in its name.
  const std::size_t first = step->name.find(':') == std::string::npos ? 0 : 1;
  for (std::size_t index = first; index < count; ++index) {
    if (index == first + kMostArguments) {
      step->values.push_back({"…", "…"});
      break;
    }
    ShownValue value = shown_value(thread, function[1 + index]);
    // An object is better known by its name.
    const std::string path =
        is_object(function[1 + index].value)
            ? path_of_register(prototype, position, static_cast<unsigned>(function + 1 + index - frame->base))
            : std::string();
    // Those of a loop's own variables are in parentheses.
    if (!path.empty() && path[0] != '(') value.text = path;
    step->values.push_back(std::move(value));
  }
  if (step->name.empty()) step->name = type_text(thread, function->value);
}

NextStep NextSteps::of(VmThread& thread) {
  using Kind = SharedOperation::Kind;
  NextStep step;
  const CallFrame* frame = thread.coroutine->frame();
  const Prototype& prototype = *frame->closure->prototype;
  const Instruction i = frame->pc->load();
  const auto index = static_cast<std::size_t>(frame->pc - prototype.code.get());
  const std::int32_t position = prototype.lua_position[index];
  const SharedOperation operation = shared_operation(*thread.coroutine, *frame);

  const auto name_captured = [&](std::string name) {
    step.name = step.captured = name.empty() ? "?" : std::move(name);
    step.objects.push_back(id_of(operation.cell));
    step.variable = variable_of(id_of(operation.cell), "");
  };
  const auto name_table = [&] {
    const std::string table = path_of_indexed(prototype, position);
    return table.empty() ? type_text(thread, operation.object) : table;
  };
  const auto name_element = [&](const char* separator) {
    const Value object = operation.object;
    step.name = element_text(thread, name_table(), operation.key, separator);
    step.is_everyones = object.is_table() && object.as_table() == thread.vm().globals;
    if (object.is_object())
      step.variable = variable_of(id_of(object.as_object()), element_text(thread, "", operation.key));
  };

  switch (operation.kind) {
    case Kind::kNone: break;
    case Kind::kLoadCell: {
      std::string name = name_of_captured(prototype, frame->pc);
      if (i.op() == Opcode::kLoadUpvalue && name == "_ENV") break;
      name_captured(std::move(name));
      step.kind = NextStep::Kind::kRead;
      const Value value = operation.cell->content.load();
      step.values = {shown_value(thread, value)};
      step.captured_content = shown_content(thread, value);
      step.matters_if_changed = true;
      break;
    }
    case Kind::kStoreCell: {
      name_captured(name_of_captured(prototype, frame->pc));
      step.kind = NextStep::Kind::kWrite;
      const Register& value = *operation.stored;
      step.values = {shown_value(thread, value)};
      step.captured_content =
          value.value.is_table() ? shown_content(thread, value.value) : step.values.front();
      break;
    }
    case Kind::kGet:
      name_element(i.op() == Opcode::kSelf ? ":" : ".");
      read_field(thread, operation.object, operation.key, &step);
      break;
    case Kind::kSet:
      name_element(".");
      write_field(thread, operation.object, operation.key, *operation.stored, &step);
      break;
    case Kind::kLength: {
      const Value object = operation.object;
      if (!object.is_table() || !metamethod(thread, object, Event::kLength).is_nil()) break;
      step.kind = NextStep::Kind::kRead;
      step.name = '#' + name_table();
      step.objects.push_back(id_of(object.as_object()));
      step.variable = variable_of(step.objects.back(), "#");
      const Register length = in_register(static_cast<std::int64_t>(object.as_table()->length()));
      step.values = {shown_value(thread, length)};
      break;
    }
    case Kind::kCall:
      step.first_result = Instruction::number(i.a());
      if (i.op() == Opcode::kGenericForCall) {
        step.first_result += 4;
        step.wanted_results = i.c();
      } else {
        step.name = path_of_called(prototype, position);
        step.wanted_results = i.op() == Opcode::kCall ? static_cast<int>(i.c()) - 1 : 0;
      }
      call(thread, operation.function, operation.arguments, &step);
      break;
  }
  return step;
}

}  // namespace gilvm
