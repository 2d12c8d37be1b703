#include "vm/race/call_tree.h"

#include "vm/runtime/variable_names.h"

namespace gilvm {
namespace {

std::int32_t position_of(const CallTree::Place& place) {
  const auto index = static_cast<std::size_t>(place.instruction - place.prototype->code.get());
  return index < place.prototype->lua_position.size() ? place.prototype->lua_position[index] : 0;
}

}  // namespace

CallTree::Node CallTree::find(Node caller, Prototype* prototype, const CodeWord* instruction) {
  const auto [found, is_new] = nodes_.try_emplace({caller, instruction}, static_cast<Node>(places_.size()));
  if (is_new) places_.push_back({caller, prototype, instruction});
  return found->second;
}

CallTree::Node CallTree::outside_of_library(Node node) const {
  while (node != kRoot && at(node).prototype->is_library) node = at(node).caller;
  return node;
}

std::string CallTree::file_of(Node node) const { return short_source(at(node).prototype->source); }

std::int32_t CallTree::line_of(Node node) const { return at(node).prototype->line_at(at(node).instruction); }

std::vector<std::string> CallTree::traceback(Node node) const {
  std::vector<std::string> lines;
  for (node = outside_of_library(node); node != kRoot; node = outside_of_library(at(node).caller)) {
    const Place& place = at(node);
    std::string line = file_of(node) + ":" + std::to_string(line_of(node)) + ": in ";
    const VariableName name =
        place.caller == kRoot || at(place.caller).prototype->is_library
            ? VariableName()
            : name_of_called(*at(place.caller).prototype, position_of(at(place.caller)));
    if (name.known()) {
      line += (name.kind == "global" ? "function" : name.kind) + " '" + name.name + "'";
    } else if (place.prototype->first_line == 0) {
      line += "main chunk";
    } else {
      line += "function <" + file_of(node) + ":" + std::to_string(place.prototype->first_line) + ">";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

void CallTree::trace(Marker& marker) const {
  for (const Place& place : places_) {
    if (place.prototype) marker.mark_object(place.prototype);
  }
}

CallTree::Node CallPath::at(CallTree& tree, bool runs) {
  callers_.resize(depth_);
  const CallFrame* frames = coroutine_->first_frame();
  const auto below = [&](std::size_t depth) { return depth == 0 ? CallTree::kRoot : callers_[depth - 1]; };
  for (; known_ < depth_; ++known_) {
    const CallFrame& frame = frames[known_];
    callers_[known_] = frame.kind == FrameKind::kScript && frame.closure
                           ? tree.find(below(known_), frame.closure->prototype, frame.pc - 1)
                           : below(known_);
  }
  const CallFrame& frame = frames[depth_];
  if (frame.kind != FrameKind::kScript || !frame.closure) return below(depth_);
  return tree.find(below(depth_), frame.closure->prototype, runs ? frame.pc - 1 : frame.pc);
}

}  // namespace gilvm
