#include "vm/runtime/reference_balance.h"

#include <unordered_map>

namespace gilvm {
namespace {

// Calls `visit` for each reference that is counted. The world stands still meanwhile, and as `then` is
// called.
template <typename Visit, typename Then>
void walk(VmThread& thread, Visit visit, Then then) {
  Vm& vm = thread.vm();
  vm.collect(thread);
  vm.stop_the_world(thread);
  Heap& heap = vm.heap();
  heap.each_object([&](Object* object) {
    if (auto each_reference = heap.operations(object->kind).each_reference) each_reference(object, visit);
  });
  then();
  vm.resume_the_world(thread);
}

// What closures call the objects in the variables that they capture.
std::unordered_map<const Object*, std::string> captured_names(Heap& heap) {
  std::unordered_map<const Object*, std::string> names;
  heap.each_object([&](Object* object) {
    if (object->kind != ObjectKind::kClosure) return;
    auto* closure = static_cast<Closure*>(object);
    const auto& upvalues = closure->prototype->upvalues;
    for (std::size_t index = 0; index < upvalues.size(); ++index) {
      const Cell* cell = closure->upvalues()[index];
      const Value content = cell ? cell->content.load() : Value::nil();
      if (content.is_object()) names.emplace(content.as_object(), upvalues[index].name);
    }
  });
  return names;
}

}  // namespace

ReferenceBalance balance_references(VmThread& thread) {
  Heap& heap = thread.vm().heap();
  ReferenceCounts& counts = *heap.counts();
  std::unordered_map<const Object*, std::int64_t> references;
  ReferenceBalance balance;
  const auto count = [&](Value value) {
    if (ReferenceCounts::has_count(value)) ++references[value.as_object()];
  };
  walk(thread, count, [&] {
    std::unordered_map<const Object*, std::string> captured;
    bool knows_captured = false;
    balance.wrong = counts.gone();
    balance.objects = counts.gone_count();
    heap.each_object([&](Object* object) {
      if (!ReferenceCounts::has_count(object)) return;
      ++balance.objects;
      const auto found = references.find(object);
      const std::int64_t there = found == references.end() ? 0 : found->second;
      const std::int64_t entered = counts.count_of(object);
      if (entered == there) return;
      const Object* name = counts.of(object).name.load(std::memory_order_relaxed);
      std::string text;
      if (name) {
        text = counts.text_of(name);
      } else {
        if (!knows_captured) captured = captured_names(heap);
        knows_captured = true;
        if (const auto entry = captured.find(object); entry != captured.end()) text = entry->second;
      }
      WrongSum& sum = balance.wrong[{std::move(text), object->kind, entered > there}];
      ++sum.objects;
      sum.counts += entered;
      sum.references += there;
    });
  });
  return balance;
}

std::int64_t references_to(VmThread& thread, Value object) {
  std::int64_t references = 0;
  walk(
      thread, [&](Value value) { references += value == object; }, [] {});
  return references;
}

}  // namespace gilvm
