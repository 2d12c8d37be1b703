#include "vm/object/table_lock.h"

#include "vm/base/check.h"
#include "vm/base/spin.h"

namespace gilvm {
namespace {

thread_local const Table* held = nullptr;

}  // namespace

bool TableLock::holds(const Table* table) { return held == table; }

void TableLock::acquire(Table* table) {
  GILVM_ASSERT(!held);
  SpinWait wait;
  for (;; wait.pause()) {
    std::uint32_t word = table->lock_.load(std::memory_order_relaxed);
    if (word & Table::kBusy) continue;
    word_ = word == 0 || word == heap_.table_mark ? heap_.table_mark : Table::kShared;
    if (table->lock_.compare_exchange_weak(word, word_ | Table::kBusy, std::memory_order_acq_rel,
                                           std::memory_order_relaxed)) {
      break;
    }
  }
  held = table_ = table;
}

void TableLock::release() {
  if (!table_) return;
  held = nullptr;
  table_->lock_.store(word_, std::memory_order_release);
  table_ = nullptr;
}

void TableLock::exclude_stores() {
  if (table_) Table::exclude_stores(heap_, table_);
}

}  // namespace gilvm
