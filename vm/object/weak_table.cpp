#include "vm/object/weak_table.h"

#include "vm/object/function.h"

namespace gilvm {
namespace {

bool is_held_weakly(Value value) {
  if (!value.is_object() || value.is_string() || value.is_box()) return false;
  return !value.is_native() || value.as_native()->slot_count() > 0;
}

// Does nothing depend on what the value refers to?
bool is_plain(Value value) { return value.is_string() || value.is_box(); }

bool is_dead(const Marker& marker, Value value) {
  return value.is_object() && !marker.is_marked(value.as_object());
}

// What a weak table keeps all the same.
void mark_if_value(Marker& marker, Value value) {
  if (!is_held_weakly(value)) marker.mark(value);
}

template <typename Visit>
void each_node(HashBlock* hash, Visit visit) {
  for (std::uint32_t index = 0; index < hash->capacity(); ++index) visit(hash->nodes()[index]);
}

// The entry at `key` goes.
void clear(const Marker& marker, Value key, Slot& slot) {
  if (ReferenceCounts* counts = marker.counts()) return counts->assign(slot, key, Value::nil());
  slot.store(Value::nil());
}

void trace_array(Marker& marker, Table* table, Weakness weakness) {
  ArrayBlock* array = table->array();
  for (std::uint32_t index = 0; index < array->capacity(); ++index) {
    const Value value = array->slots()[index].load();
    weakness.values ? mark_if_value(marker, value) : marker.mark(value);
  }
}

}  // namespace

Weakness weakness_of(const Marker& marker, const Table* table) {
  const Table* metatable = table->metatable();
  const String* name = marker.mode_name();
  // A verifier looks at every reference, and none may be to a dead object.
  if (!metatable || !name || marker.verifies()) return {};
  const Value mode = metatable->get_short(name);
  if (!mode.is_string()) return {};
  const std::string_view text = mode.as_string()->view();
  return {text.find('k') != std::string_view::npos, text.find('v') != std::string_view::npos};
}

void trace_weak_table(Marker& marker, Table* table, Weakness weakness) {
  table->mark_blocks(marker);
  trace_array(marker, table, weakness);
  bool waits = false;
  each_node(table->hash(), [&](Node& node) {
    const Value key = node.key.load();
    const Value value = node.value.load();
    if (value.is_nil()) {
      if (key.is_box()) marker.mark(key);
      if (key.is_object()) marker.remember_unset_key(&node.key);
      return;
    }
    if (!weakness.keys) {
      marker.mark(key);
    } else if (!weakness.values || !is_plain(key)) {
      mark_if_value(marker, key);
    }
    if (weakness.values) {
      mark_if_value(marker, value);
    } else if (!is_dead(marker, key)) {
      marker.mark(value);
    } else {
      if (is_dead(marker, value)) marker.remember_ephemeron(key.as_object(), value);
      waits = true;
    }
  });
  if (weakness.values) marker.remember_weak_values(table);
  if (waits || (weakness.keys && weakness.values)) marker.remember_weak_keys(table);
}

void clear_weak_values(const Marker& marker, Object* object) {
  auto* table = static_cast<Table*>(object);
  ArrayBlock* array = table->array();
  for (std::uint32_t index = 0; index < array->capacity(); ++index) {
    Slot& slot = array->slots()[index];
    if (is_dead(marker, slot.load())) clear(marker, Value::nil(), slot);
  }
  each_node(table->hash(), [&](Node& node) {
    if (is_dead(marker, node.value.load())) clear(marker, node.key.load(), node.value);
  });
}

void clear_weak_keys(Marker& marker, Object* object) {
  each_node(static_cast<Table*>(object)->hash(), [&](Node& node) {
    const Value key = node.key.load();
    if (!is_dead(marker, key)) return;
    if (is_plain(key) && !node.value.load().is_nil()) {
      // The text of a table whose values are weak too: it lives as long as its value does. At once, for
      // nothing drains the marker any more.
      marker.mark_object(key.as_object());
      return;
    }
    clear(marker, key, node.value);
    node.key.store(Value::dead());
  });
}

}  // namespace gilvm
