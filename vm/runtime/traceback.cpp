#include "vm/runtime/traceback.h"

#include "vm/runtime/vm.h"

namespace gilvm {
namespace {

constexpr std::int64_t kFirstLevels = 10, kLastLevels = 11;  // as many of a long one luaL_traceback shows

std::string described(VmThread& thread, const Activations& activations, const Activation& activation) {
  const std::string global = global_function_name(thread, activation.function);
  if (!global.empty()) return "function '" + global + "'";
  const VariableName called = activations.name_of(activation);
  if (called.known()) return called.kind + " '" + called.name + "'";
  if (!activation.is_script()) return "?";
  const Prototype& prototype = *activation.frame->closure->prototype;
  if (prototype.first_line == 0) return "main chunk";
  return "function <" + short_source(prototype.source) + ":" + std::to_string(prototype.first_line) + ">";
}

std::string place_of(const Activation& activation) {
  if (!activation.is_script()) return "[C]:";
  const std::string source = short_source(activation.frame->closure->prototype->source) + ":";
  const std::int32_t line = current_line(*activation.frame);
  return line > 0 ? source + std::to_string(line) + ":" : source;
}

}  // namespace

std::string traceback(VmThread& thread, const Coroutine* coroutine, const NativeCall* running,
                      std::optional<std::string_view> message, std::int64_t level) {
  std::string text;
  if (message) text.append(*message).push_back('\n');
  text += "stack traceback:";
  Activation activation;
  std::int64_t last = -1;
  for (Activations all(coroutine, running); all.next(&activation);) ++last;
  Activations activations(coroutine, running);
  if (level > last || !activations.at(level, &activation)) return text;
  std::int64_t to_skip = last - level > kFirstLevels + kLastLevels ? kFirstLevels : -1;
  do {
    if (to_skip-- == 0) {
      // One less than are skipped, as luaL_traceback counts.
      std::int64_t skipped = last - level - kLastLevels;
      text += "\n\t...\t(skipping " + std::to_string(skipped) + " levels)";
      level += skipped + 1;
      while (--skipped >= -1) activations.next(&activation);
    }
    text += "\n\t" + place_of(activation) + " in " + described(thread, activations, activation);
    if (activation.frame && activation.frame->is_tail_call) text += "\n\t(...tail calls...)";
    ++level;
  } while (activations.next(&activation));
  return text;
}

}  // namespace gilvm
