#include "vm/runtime/native_effects.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string_view>

namespace gilvm {
struct NativeEffects::Known {
  const char* table;  // null: the globals
  Effect effect;
  std::initializer_list<const char*> names;
};

// Not here, so that they count as touching anything: what reads a clock or a stream, what loads code, what
// makes random numbers, what collects.
const std::initializer_list<NativeEffects::Known> NativeEffects::kKnown = {
    {nullptr,
     {NativeTouch::kNone},
     {"assert", "error", "rawequal", "select", "tonumber", "type", "pcall", "xpcall"}},
    {nullptr, {NativeTouch::kShows}, {"print", "tostring"}},
    {nullptr, {NativeTouch::kReads}, {"ipairs", "pairs"}},
    {nullptr, {NativeTouch::kReadsRaw}, {"getmetatable"}},
    {nullptr, {NativeTouch::kReadsRaw, TableOperation::kNext}, {"next"}},
    {nullptr, {NativeTouch::kReadsRaw, TableOperation::kRawGet}, {"rawget"}},
    {nullptr, {NativeTouch::kReadsRaw, TableOperation::kRawLength}, {"rawlen"}},
    {nullptr, {NativeTouch::kWritesRaw, TableOperation::kRawSet}, {"rawset"}},
    {nullptr, {NativeTouch::kWritesRaw}, {"setmetatable"}},
    {"string",
     {NativeTouch::kNone},
     {"byte", "char", "find", "gmatch", "len", "lower", "match", "pack", "packsize", "rep", "reverse", "sub",
      "unpack", "upper"}},
    {"string", {NativeTouch::kReads}, {"gsub"}},
    {"string", {NativeTouch::kShows}, {"format"}},
    {"utf8", {NativeTouch::kNone}, {"char", "codepoint", "codes", "len", "offset"}},
    {"math", {NativeTouch::kNone}, {"abs", "acos",  "asin", "atan", "ceil",      "cos",  "deg",
                                    "exp", "floor", "fmod", "log",  "max",       "min",  "modf",
                                    "rad", "sin",   "sqrt", "tan",  "tointeger", "type", "ult"}},
    {"table", {NativeTouch::kReads, TableOperation::kConcat}, {"concat"}},
    {"table", {NativeTouch::kReads, TableOperation::kUnpack}, {"unpack"}},
    {"table", {NativeTouch::kWrites, TableOperation::kInsert}, {"insert"}},
    {"table", {NativeTouch::kWrites, TableOperation::kMove}, {"move"}},
    {"table", {NativeTouch::kWrites, TableOperation::kRemove}, {"remove"}},
    {"table", {NativeTouch::kWrites, TableOperation::kSort}, {"sort"}},
    {"table", {NativeTouch::kNone}, {"pack"}},
    {"coroutine", {NativeTouch::kNone}, {"create", "isyieldable", "running", "wrap"}},
    {"debug", {NativeTouch::kNone}, {"traceback"}},
};

namespace {

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

NativeTouch NativeEffects::touch_of(const NativeFunction& function, Value first) const {
  const auto known = effects_.find(function.code);
  if (known != effects_.end()) return known->second.touch;
  const std::string_view name = function.name ? function.name : "";
  if (is_one_of(name, kMakers)) return NativeTouch::kNone;
  if (first.is_userdata() && is_one_of(first.as_userdata()->object->type_name(), kObjects) &&
      is_one_of(name, kMethods)) {
    return NativeTouch::kWritesObject;
  }
  return NativeTouch::kAnything;
}

}  // namespace gilvm
