#include "vm/explore/native_effects.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string_view>

namespace gilvm {
namespace {

struct Known {
  const char* table;  // null: the globals
  NativeEffect effect;
  std::initializer_list<const char*> names;
};

// Not here, so that they count as touching anything: what reads a clock or a stream, what loads code, what
// makes random numbers, what collects.
const std::initializer_list<Known> kKnown = {
    {nullptr,
     NativeEffect::kNone,
     {"assert", "error", "rawequal", "select", "tonumber", "type", "pcall", "xpcall"}},
    {nullptr, NativeEffect::kShows, {"print", "tostring"}},
    {nullptr, NativeEffect::kReads, {"ipairs", "pairs"}},
    {nullptr, NativeEffect::kReadsRaw, {"getmetatable", "next", "rawget", "rawlen"}},
    {nullptr, NativeEffect::kWritesRaw, {"rawset", "setmetatable"}},
    {"string",
     NativeEffect::kNone,
     {"byte", "char", "find", "gmatch", "len", "lower", "match", "pack", "packsize", "rep", "reverse", "sub",
      "unpack", "upper"}},
    {"string", NativeEffect::kReads, {"gsub"}},
    {"string", NativeEffect::kShows, {"format"}},
    {"utf8", NativeEffect::kNone, {"char", "codepoint", "codes", "len", "offset"}},
    {"math", NativeEffect::kNone, {"abs", "acos",  "asin", "atan", "ceil",      "cos",  "deg",
                                   "exp", "floor", "fmod", "log",  "max",       "min",  "modf",
                                   "rad", "sin",   "sqrt", "tan",  "tointeger", "type", "ult"}},
    {"table", NativeEffect::kReads, {"concat", "unpack"}},
    {"table", NativeEffect::kWrites, {"insert", "move", "remove", "sort"}},
    {"table", NativeEffect::kNone, {"pack"}},
    {"coroutine", NativeEffect::kNone, {"create", "isyieldable", "running", "wrap"}},
    {"debug", NativeEffect::kNone, {"traceback"}},
};

// Of the modules `_thread` and `_queue`, which are not there before a script asks for them.
constexpr std::string_view kMakers[] = {"allocate_lock", "RLock", "Channel", "generation", "get_ident"};
constexpr std::string_view kObjects[] = {"Lock", "RLock", "Channel"};
constexpr std::string_view kMethods[] = {
    "acquire",          "release",       "locked",           "hold", "__close", "_is_owned",
    "_recursion_count", "_release_save", "_acquire_restore", "put",  "take",    "size"};

template <std::size_t count>
bool is_one_of(std::string_view name, const std::string_view (&names)[count]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

}  // namespace

void NativeEffects::learn(VmThread& thread) {
  const auto native_in = [&](Table* table, const char* name) -> NativeFunction* {
    const Value value = table->get_short(thread.string(name));
    return value.is_native() ? value.as_native() : nullptr;
  };
  for (const Known& known : kKnown) {
    Table* table = thread.vm().globals;
    if (known.table) {
      const Value module = table->get_short(thread.string(known.table));
      if (!module.is_table()) continue;
      table = module.as_table();
    }
    for (const char* name : known.names) {
      if (const NativeFunction* function = native_in(table, name)) effects_[function->code] = known.effect;
    }
  }
}

NativeEffect NativeEffects::of(const NativeFunction& function, Value first) const {
  const auto known = effects_.find(function.code);
  if (known != effects_.end()) return known->second;
  const std::string_view name = function.name ? function.name : "";
  if (is_one_of(name, kMakers)) return NativeEffect::kNone;
  if (first.is_userdata() && is_one_of(first.as_userdata()->object->type_name(), kObjects) &&
      is_one_of(name, kMethods)) {
    return NativeEffect::kWritesObject;
  }
  return NativeEffect::kAnything;
}

}  // namespace gilvm
