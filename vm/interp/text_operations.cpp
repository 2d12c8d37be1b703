// Values as text: concatenation, tostring.
#include <cstdio>
#include <cstring>

#include <boost/container/small_vector.hpp>

#include "vm/interp/current_instruction.h"
#include "vm/interp/operations.h"
#include "vm/runtime/memory.h"

namespace gilvm {

namespace {

bool is_text(const Register& reg) {
  return reg.value.is_string() || reg.value.is_number() || reg.value.is_wide();
}

// The texts of the operands of a concatenation.
class Parts {
 public:
  Parts(const Register* first, std::uint32_t count) : first_(first), count_(count) {
    for (std::uint32_t index = 0; index < count; ++index) {
      const Register& operand = first[index];
      if (operand.value.is_string()) continue;
      numbers_.push_back(operand.value.is_wide() ? integer_text(operand.wide) : number_text(operand.value));
    }
  }

  template <typename Visit>
  void each(Visit visit) const {
    const std::string* number = numbers_.data();
    for (std::uint32_t index = 0; index < count_; ++index) {
      const Value value = first_[index].value;
      visit(value, value.is_string() ? value.as_string()->view() : std::string_view(*number++));
    }
  }

 private:
  const Register* first_;
  std::uint32_t count_;
  boost::container::small_vector<std::string, 4> numbers_;
};

// Joins the texts in `count` registers into the first. False with the error raised: there is no memory.
bool join(VmThread& thread, Register* first, std::uint32_t count) {
  const Parts parts(first, count);
  std::size_t length = 0;
  Value last;  // of the parts that are not empty
  parts.each([&](Value value, std::string_view text) {
    if (length == 0 || !text.empty()) last = value;
    length += text.size();
  });
  if (last.is_string() && last.as_string()->length() == length) {  // the others are empty: no copy, as in Lua
    first->set(last);
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
  parts.each([&end](Value, std::string_view text) {
    std::memcpy(end, text.data(), text.size());
    end += text.size();
  });
  if (!result) result = thread.text({buffer, length});
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
    if (result->is_number()) *result = Value::string(thread.text(number_text(*result)));
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
  *result = Value::string(thread.text(text));
  return true;
}

}  // namespace gilvm
