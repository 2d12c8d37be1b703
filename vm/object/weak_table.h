// Tables that hold their keys, their values or both weakly (Lua manual §2.5.4).
//
// Only an object with an identity that a script could miss is held weakly: tables, closures, userdata and
// coroutines. Strings, large integers and the library's plain functions are values, which a weak table keeps.
//
// Threads: the collector's, while the world is stopped.
#pragma once

#include "vm/object/table.h"

namespace gilvm {

struct Weakness {
  bool keys = false;
  bool values = false;
  bool any() const { return keys || values; }
};

// What the metatable's __mode says.
Weakness weakness_of(const Marker& marker, const Table* table);
// As Table::trace(), of a weak table. REQUIRES: weakness.any().
void trace_weak_table(Marker& marker, Table* table, Weakness weakness);
// ObjectOperations of tables.
void clear_weak_values(const Marker& marker, Object* table);
void clear_weak_keys(Marker& marker, Object* table);

}  // namespace gilvm
