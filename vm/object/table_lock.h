// The lock of a table, under the lock regime `object`: what makes each operation on a table atomic there, as
// free-threaded Python's lock of a list or dict does (PEP 703, "Container Thread-Safety").
//
// A table's word says who may store to it without the lock:
//   0        everybody: another regime, or the VM's only thread so far. Nothing here happens.
//            Nobody, when other threads have come: then it belongs to the one that first locks it.
//   a mark   the thread whose mark it is, and which made the table: nobody else has stored to it yet.
//   kShared  everybody, to a place that is there already.
//   + kBusy  nobody: one thread holds the lock.
// A mark may become kShared, never the other way round.
//
// Stores to a place that is there (a slot of the array, the value of a known key) are the frequent ones, and
// do not lock: the thread says that it stores (LocalHeap::stores), looks at the word, and stores. Whatever
// adds a key locks. What moves elements (growth, an insertion in the middle) also waits until nobody stores:
// one membarrier(2) in the thread that waits stands for a barrier in each store. A table that one thread
// alone stores to has nobody to wait for.
//
// Reads do not lock. A block that a reader has loaded stays whole; only a read that has found nothing may
// have looked into one part before a growth and into the other after it, and looks again (Table::is_settled).
//
// Without membarrier(2), every store locks.
//
// Invariants:
//  (1) Who holds the lock reaches no safepoint and runs no script until it is released.
//  (2) A thread holds the lock of one table at most.
#pragma once

#include "vm/object/table.h"

namespace gilvm {

class TableLock {
 public:
  // Nothing is locked under other regimes, by a VM's only thread, or when the thread holds this lock already.
  TableLock(LocalHeap& heap, Table* table) : heap_(heap) {
    if (heap.table_mark != 0 && !holds(table)) acquire(table);
  }
  ~TableLock() { release(); }
  TableLock(const TableLock&) = delete;

  void release();
  // May other threads have stored to the table before it was locked? REQUIRES: it is locked.
  bool is_shared() const { return word_ != heap_.table_mark; }
  // From here on no other thread stores to the table, until release().
  void exclude_stores();

  // Does the calling thread hold the lock of this table?
  static bool holds(const Table* table);

 private:
  void acquire(Table* table);

  LocalHeap& heap_;
  Table* table_ = nullptr;
  std::uint32_t word_ = 0;  // what the table's word becomes
};

// For the scope, the thread may store to places of the table that are there: if is_allowed().
class StoreInPlace {
 public:
  StoreInPlace(LocalHeap& heap, const Table* table) : heap_(heap), is_allowed_(begin(heap, table)) {}
  ~StoreInPlace() {
    if (is_allowed_) end(heap_);
  }
  StoreInPlace(const StoreInPlace&) = delete;
  bool is_allowed() const { return is_allowed_; }

  // The same in two steps, for the interpreter. end() is only for what began.
  static bool begin(LocalHeap& heap, const Table* table) {
    heap.stores.store(true, std::memory_order_relaxed);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    const std::uint32_t word = table->lock_.load(std::memory_order_acquire);
    if (word == heap.table_mark_in_place || word == heap.shared_mark_in_place) [[likely]]
      return true;
    end(heap);
    return false;
  }
  static void end(LocalHeap& heap) { heap.stores.store(false, std::memory_order_release); }

 private:
  LocalHeap& heap_;
  const bool is_allowed_;
};

}  // namespace gilvm
