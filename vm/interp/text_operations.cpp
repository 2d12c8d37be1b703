// Values as text: concatenation, tostring.
#include <cstdio>
#include <cstring>

#include "vm/interp/current_instruction.h"
#include "vm/interp/operations.h"
#include "vm/runtime/memory.h"

namespace gilvm {

namespace {

bool is_text(const Register& reg) {
  return reg.value.is_string() || reg.value.is_number() || reg.value.is_wide();
}

void make_text(VmThread& thread, Register& reg) {
  if (!reg.value.is_string()) {
    const std::string text = reg.value.is_wide() ? integer_text(reg.wide) : number_text(reg.value);
    reg.set(Value::string(thread.string(text)));
  }
}

// Joins the strings in `count` registers into the first. False with the error raised: there is no memory.
bool join(VmThread& thread, Register* first, std::uint32_t count) {
  std::size_t length = 0;
  String* last = nullptr;  // of the parts that are not empty
  for (std::uint32_t index = 0; index < count; ++index) {
    make_text(thread, first[index]);
    String* part = first[index].value.as_string();
    if (!last || part->length() > 0) last = part;
    length += part->length();
  }
  if (last->length() == length) {  // the others are empty: no copy, as in Lua
    first->set(Value::string(last));
    return true;
  }
  char buffer[String::kLongestShort];
  char* to = buffer;
  String* result = nullptr;
  if (length > String::kLongestShort) {
    StringTable& strings = thread.vm().strings();
    result = strings.make_uninitialised(thread.heap(), length, &to);
    if (!result) {
      collect_for_memory(thread, {});
      result = strings.make_uninitialised(thread.heap(), length, &to);
    }
    if (!result) {
      raise_no_memory(thread);
      return false;
    }
  }
  char* end = to;
  for (std::uint32_t index = 0; index < count; ++index) {
    const std::string_view part = first[index].value.as_string()->view();
    std::memcpy(end, part.data(), part.size());
    end += part.size();
  }
  if (!result) result = thread.string({buffer, length});
  first->set(Value::string(result));
  return true;
}

}  // namespace

Outcome concatenate(VmThread& thread, std::uint32_t first, std::uint32_t count) {
  Coroutine* coroutine = thread.coroutine;
  while (count > 1) {
    Register* base = coroutine->stack() + first;
    std::uint32_t run = 0;
    while (run < count && is_text(base[count - 1 - run])) ++run;
    if (run >= 2) {
      if (!join(thread, base + (count - run), run)) return Outcome::kError;
      count -= run - 1;
      continue;
    }
    const Register& left = base[count - 2];
    const Register& right = base[count - 1];
    Value method = metamethod(thread, left.value, Event::kConcatenate);
    if (method.is_nil()) method = metamethod(thread, right.value, Event::kConcatenate);
    if (method.is_nil()) {
      const std::uint32_t wrong = is_text(left) ? count - 1 : count - 2;
      const CallFrame* frame = coroutine->frame();
      const auto reg = static_cast<unsigned>(base + wrong - frame->base);
      return type_error(thread, "concatenate", base[wrong].value, name_of_lua_register(frame, reg));
    }
    coroutine->frame()->pending = count;
    return call_for_instruction(thread, method, {thread.boxed(left), thread.boxed(right)});
  }
  return Outcome::kDone;
}

bool to_text(VmThread& thread, Value value, Value* result) {
  const Value method = metamethod(thread, value, Event::kToString);
  if (!method.is_nil()) {
    if (!call_for_value(thread, method, {value}, result)) return false;
    if (result->is_number()) *result = Value::string(thread.string(number_text(*result)));
    if (result->is_string()) return true;
    raise_in_native(thread, "'__tostring' must return a string");
    return false;
  }
  if (value.is_string()) {
    *result = value;
    return true;
  }
  std::string text;
  if (value.is_number()) {
    text = number_text(value);
  } else if (value.is_nil()) {
    text = "nil";
  } else if (value.is_boolean()) {
    text = value.as_boolean() ? "true" : "false";
  } else {
    char address[32];
    std::snprintf(address, sizeof address, ": %p", thread.vm().shown_address(value));
    text = type_name_of(thread, value) + address;
  }
  *result = Value::string(thread.string(text));
  return true;
}

}  // namespace gilvm
