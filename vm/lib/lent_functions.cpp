#include "vm/lib/lent_functions.h"

#include <charconv>
#include <cstdlib>
#include <lua.hpp>
#include <memory>
#include <new>

#include "vm/base/check.h"
#include "vm/runtime/memory.h"

namespace gilvm {
namespace {

constexpr int kFunctions = static_cast<int>(LentFunction::kCount);
constexpr int kSubjects = 4;
// Shorter ones are copied faster than they are looked up.
constexpr std::size_t kShortestKeptSubject = 256;
// Positions in the stack of a lent state: the functions, then the subjects, then what a call needs.
constexpr int kFirstSubject = kFunctions + 1;
constexpr int kBase = kFunctions + kSubjects;

// Which string stands in a position of the stack.
struct Subject {
  std::uint64_t vm = 0;  // its serial number; 0: nothing stands there
  const String* string = nullptr;
  std::size_t length = 0;
  std::uint32_t identity = 0;
  std::uint64_t collections = 0;

  bool operator==(const Subject&) const = default;
};

struct LentState {
  lua_State* state;
  Subject subjects[kSubjects];
  int next_subject = 0;
  bool in_use = false;
  const Heap* heap = nullptr;  // of the VM whose function runs, while it runs

  LentState() : state(luaL_newstate()) {
    GILVM_CHECK(state);
    lua_setallocf(state, allocate, this);
    // Arguments are pushed outside of a protected call.
    lua_atpanic(state, [](lua_State*) -> int { throw std::bad_alloc(); });
    struct Source {
      const char* module;
      const char* name;
    };
    static constexpr Source kSources[kFunctions] = {{"string", "format"},
                                                    {"string", "pack"},
                                                    {"string", "packsize"},
                                                    {"string", "unpack"},
                                                    {"os", "date"}};
    luaL_requiref(state, "string", luaopen_string, 1);
    luaL_requiref(state, "os", luaopen_os, 1);
    lua_settop(state, 0);
    for (const Source& source : kSources) {
      lua_getglobal(state, source.module);
      lua_getfield(state, -1, source.name);
      lua_remove(state, -2);
    }
    lua_settop(state, kBase);
  }
  ~LentState() { lua_close(state); }
  LentState(const LentState&) = delete;

  // As liblua's own (lua_Alloc), within the limit of the VM that asks.
  static void* allocate(void* data, void* block, std::size_t old_size, std::size_t size) {
    constexpr std::size_t kChecked = 64 * 1024;
    if (size == 0) {
      std::free(block);
      return nullptr;
    }
    const auto& lent = *static_cast<LentState*>(data);
    const bool grows = !block || size > old_size;
    if (grows && size >= kChecked && lent.heap && !lent.heap->has_room(size)) return nullptr;
    return std::realloc(block, size);
  }
};

LentState& thread_state() {
  thread_local LentState state;
  return state;
}

}  // namespace

LentCall::LentCall(VmThread& thread, LentFunction function)
    : thread_(thread), state_(thread_state().state), base_(kBase) {
  GILVM_ASSERT(!thread_state().in_use);
  thread_state().in_use = true;
  lua_pushvalue(state_, static_cast<int>(function) + 1);
}

LentCall::~LentCall() {
  lua_settop(state_, base_);
  thread_state().in_use = false;
}

void LentCall::push(Value value) {
  luaL_checkstack(state_, 4, nullptr);
  if (value.is_string()) {
    push_text(value.as_string()->view());
  } else if (value.is_integer()) {
    push_integer(value.as_integer());
  } else if (value.is_double()) {
    lua_pushnumber(state_, value.as_signed_double());
  } else if (value.is_boolean()) {
    lua_pushboolean(state_, value.as_boolean());
  } else if (value.is_object()) {
    lua_pushlightuserdata(state_, value.as_object());
  } else {
    lua_pushnil(state_);
  }
}

void LentCall::push_integer(std::int64_t integer) { lua_pushinteger(state_, integer); }

void LentCall::push_text(std::string_view text) { lua_pushlstring(state_, text.data(), text.size()); }

void LentCall::push_address(Value value) {
  if (value.is_string() && value.as_string()->is_short()) {  // strings that are equal have the same address
    value = Value::string(thread_.vm().strings().intern(thread_.heap(), value.as_string()));
  }
  if ((value.is_object() && !value.is_box()) || value.is_identity()) {
    lua_pushlightuserdata(state_, const_cast<void*>(thread_.vm().shown_address(value)));
  } else {
    lua_pushnil(state_);
  }
}

void LentCall::push_subject(String* subject) {
  if (subject->length() < kShortestKeptSubject) return push_text(subject->view());
  LentState& lent = thread_state();
  const Subject wanted{thread_.vm().serial, subject, subject->length(), subject->word,
                       thread_.vm().heap().collections()};
  for (int index = 0; index < kSubjects; ++index) {
    if (lent.subjects[index] == wanted) return lua_pushvalue(state_, kFirstSubject + index);
  }
  const int index = lent.next_subject;
  lent.next_subject = (index + 1) % kSubjects;
  lent.subjects[index] = wanted;
  push_text(subject->view());
  lua_copy(state_, -1, kFirstSubject + index);
}

bool LentCall::run(NativeCall& call, int shift) {
  const int arguments = lua_gettop(state_) - base_ - 1;
  thread_state().heap = &thread_.vm().heap();
  const int status = lua_pcall(state_, arguments, LUA_MULTRET, 0);
  thread_state().heap = nullptr;
  if (status != LUA_OK) {
    status == LUA_ERRMEM ? raise_no_memory(thread_) : raise_message_of(call, shift);
    return false;
  }
  results_ = lua_gettop(state_) - base_;
  return true;
}

// An error about an argument is raised anew, so that it names the function as the script does.
void LentCall::raise_message_of(NativeCall& call, int shift) {
  std::string_view message = text_result(0);
  constexpr std::string_view kArgument = "bad argument #";
  if (!message.starts_with(kArgument)) {
    call.error(message);
    return;
  }
  int number = 0;
  const char* begin = message.data() + kArgument.size();
  std::from_chars(begin, message.data() + message.size(), number);
  const std::size_t detail = message.find("' (");
  GILVM_CHECK(number > 0 && detail != std::string_view::npos && message.ends_with(")"));
  message.remove_prefix(detail + 3);
  message.remove_suffix(1);
  const auto index = static_cast<unsigned>(number - 1 + shift);
  // What the lent function took for an address has a type of ours.
  std::string text(message);
  constexpr std::string_view kAddress = "got light userdata";
  if (text.ends_with(kAddress))
    text.replace(text.size() - kAddress.size() + 4, std::string::npos, type_name_of(thread_, call[index]));
  call.argument_error(index, text);
}

Value LentCall::result(unsigned index) { return value_at(base_ + 1 + static_cast<int>(index)); }

Value LentCall::value_at(int position) {
  switch (lua_type(state_, position)) {
    case LUA_TBOOLEAN: return Value::boolean(lua_toboolean(state_, position));
    case LUA_TNUMBER:
      if (lua_isinteger(state_, position)) return thread_.integer(lua_tointeger(state_, position));
      return Value::number(lua_tonumber(state_, position));
    case LUA_TSTRING: {
      std::size_t length;
      const char* bytes = lua_tolstring(state_, position, &length);
      return Value::string(thread_.text({bytes, length}));
    }
    default: return Value::nil();
  }
}

bool LentCall::result_is_nil(unsigned index) {
  return lua_isnil(state_, base_ + 1 + static_cast<int>(index));
}

std::int64_t LentCall::integer_result(unsigned index) {
  return lua_tointeger(state_, base_ + 1 + static_cast<int>(index));
}

std::string_view LentCall::text_result(unsigned index) {
  std::size_t length;
  const char* bytes = lua_tolstring(state_, base_ + 1 + static_cast<int>(index), &length);
  return bytes ? std::string_view(bytes, length) : std::string_view();
}

Table* LentCall::table_result(unsigned index) {
  Table* table = Table::make(thread_.heap(), 0, 16);
  const int position = base_ + 1 + static_cast<int>(index);
  lua_pushnil(state_);
  while (lua_next(state_, position) != 0) {
    [[maybe_unused]] StoreResult stored = table->set(thread_.heap(), value_at(-2), value_at(-1));
    lua_pop(state_, 1);
  }
  return table;
}

}  // namespace gilvm
