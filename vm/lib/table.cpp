// The module `table` (Lua manual §6.6).
//
// A table without a metatable is read and written directly; anything else goes through get_index and
// set_index, which may run metamethods. Another thread may change a table while a function works on it: each
// access is safe by itself (table.h), and every loop here is bounded by what was read at its beginning. Under
// the lock regime `object`, insert, remove and sort of a table without a metatable hold its lock, unless a
// script compares: they are one step for other threads. Without a lock a deterministic scheduler may let
// others run between the accesses of insert, remove and move.

#include <climits>
#include <ctime>
#include <optional>
#include <vector>

#include "vm/lib/compare_values.h"
#include "vm/lib/publish_module.h"
#include "vm/object/table_lock.h"
#include "vm/runtime/memory.h"

namespace gilvm {
namespace {

// An argument that is used as a sequence.
class Sequence {
 public:
  enum Need { kRead = 1, kWrite = 2, kLength = 4 };

  Sequence(NativeCall& call, unsigned index)
      : call_(call), index_(index), plain_(call[index].is_table() && !call[index].as_table()->metatable()) {}

  // From now on others may run before an element is read or written, where a scheduler allows that.
  void work_in_steps() { in_steps_ = plain_ && call_.thread().works_in_steps(); }

  // Is it a table, or has it the metamethods to stand for one? False with the error raised (checktab).
  bool check(int need) {
    const Value value = call_[index_];
    if (value.is_table()) return true;
    auto has = [&](Event event) { return !metamethod(call_.thread(), value, event).is_nil(); };
    if (metatable_of(call_.thread(), value) && (!(need & kRead) || has(Event::kIndex)) &&
        (!(need & kWrite) || has(Event::kNewIndex)) && (!(need & kLength) || has(Event::kLength))) {
      return true;
    }
    return call_.type_error(index_, "table") == 0;
  }

  bool is_plain() const { return plain_; }

  // Until unlock(), or the end: what follows is one step for other threads, if the table is plain and the
  // lock regime knows such steps.
  void lock() {
    LocalHeap& heap = call_.thread().heap();
    if (plain_ && heap.table_mark != 0) lock_.emplace(heap, table());
  }
  void unlock() { lock_.reset(); }
  // More than one element is about to change.
  void exclude_stores() {
    if (lock_) lock_->exclude_stores();
  }

  Value object() { return call_[index_]; }
  Table* table() { return call_.reg(index_).value.as_table(); }

  [[nodiscard]] bool length(std::int64_t* result) {
    if (plain_) {
      *result = static_cast<std::int64_t>(table()->length());
      return true;
    }
    VmThread& thread = call_.thread();
    const Value value = object();
    Value length;
    if (!length_of(thread, value, &length)) return false;
    if (length.is_integer()) {
      *result = length.as_integer();
      return true;
    }
    if (length.is_double() && exact_integer(length.as_double(), result)) return true;
    Register number;
    if (length.is_string() && number_from_text(length.as_string()->view(), &number)) {
      if (number.is_integer()) {
        *result = number.as_integer();
        return true;
      }
      if (exact_integer(number.value.as_double(), result)) return true;
    }
    return call_.error("object length is not an integer") == 0;
  }

  // False with the error raised, or because the thread is interrupted: a loop may be as long as integers
  // reach.
  [[nodiscard]] bool get(std::int64_t index, Value* result) {
    if (in_steps_) call_.thread().end_step_of_function();
    if (call_.thread().interrupted()) return false;
    if (plain_) {
      *result = table()->get_integer(index);
      return true;
    }
    VmThread& thread = call_.thread();
    const Value value = object();
    if (!value.is_table() && metamethod(thread, value, Event::kIndex).is_nil()) {
      const std::string text = "attempt to index a " + type_name_of(thread, value) + " value";
      raise(thread, Value::string(thread.string(text)));
      return false;
    }
    return get_index(thread, value, thread.integer(index), result);
  }

  [[nodiscard]] bool set(std::int64_t index, Value value) {
    if (plain_) {
      VmThread& thread = call_.thread();
      if (in_steps_) come_to_store(index, value);
      if (table()->set_integer(thread.heap(), index, value)) return true;
      unlock();  // there is no memory, and a collection waits for other threads
      return store(thread, table(), thread.integer(index), value) == StoreResult::kStored;
    }
    return set_index(call_.thread(), object(), call_.thread().integer(index), value);
  }

  // Of what is locked. False: there is no memory.
  [[nodiscard]] bool append(Value value) { return table()->append(call_.thread().heap(), value); }
  Value take_last() { return table()->take_last(call_.thread().heap()); }
  bool is_locked() const { return lock_.has_value(); }

  // The value at `to` becomes that at `from`.
  [[nodiscard]] bool copy(std::int64_t from, std::int64_t to) {
    Value value;
    return get(from, &value) && set(to, value);
  }

 private:
  void come_to_store(std::int64_t index, Value value) {
    VmThread& thread = call_.thread();
    thread.assigned = value;
    thread.end_step_of_function();
    if (!value.is_nil() && Value::fits_inline(index)) {
      thread.grow_in_steps(table(), Value::inline_integer(index));
    }
    thread.assigned = Value::nil();
  }

  NativeCall& call_;
  unsigned index_;
  bool plain_;
  bool in_steps_ = false;
  std::optional<TableLock> lock_;
};

int table_concatenate(NativeCall& call) {
  Sequence sequence(call, 0);
  std::int64_t length, first, last;
  if (!sequence.check(Sequence::kRead | Sequence::kLength) || !sequence.length(&length)) return kNativeError;
  String* separator = nullptr;
  if (!call.is_none_or_nil(1) && !call.text(1, &separator)) return kNativeError;
  if (!call.optional_integer(2, 1, &first) || !call.optional_integer(3, length, &last)) return kNativeError;
  std::string text;
  for (std::int64_t index = first; index <= last; ++index) {
    Value value;
    if (!sequence.get(index, &value)) return kNativeError;
    if (value.is_string()) {
      if (!call.reserve_text(&text, value.as_string()->length(), value)) return kNativeError;
      text += value.as_string()->view();
    } else if (value.is_number()) {
      text += number_text(value);
    } else {
      return call.error("invalid value (" + std::string(type_name(value)) + ") at index " +
                        integer_text(index) + " in table for 'concat'");
    }
    if (index == last) break;  // `last` may be the largest integer
    if (!separator) continue;
    if (!call.reserve_text(&text, separator->length())) return kNativeError;
    text += separator->view();
  }
  return call.one_text(text);
}

int table_insert(NativeCall& call) {
  Sequence sequence(call, 0);
  std::int64_t length;
  if (!sequence.check(Sequence::kRead | Sequence::kWrite | Sequence::kLength)) return kNativeError;
  sequence.lock();
  if (sequence.is_locked() && call.count() == 2 && sequence.append(call[1])) return call.none();
  sequence.work_in_steps();
  if (!sequence.length(&length)) return kNativeError;
  const std::int64_t end = add(length, 1);
  if (call.count() == 2) return sequence.set(end, call[1]) ? call.none() : kNativeError;
  if (call.count() != 3) return call.error("wrong number of arguments to 'insert'");
  std::int64_t position;
  if (!call.integer(1, &position)) return kNativeError;
  if (static_cast<std::uint64_t>(position) - 1 >= static_cast<std::uint64_t>(end)) {
    return call.argument_error(1, "position out of bounds");
  }
  sequence.exclude_stores();
  for (std::int64_t index = end; index > position; --index) {
    if (!sequence.copy(index - 1, index)) return kNativeError;
  }
  return sequence.set(position, call[2]) ? call.none() : kNativeError;
}

int table_remove(NativeCall& call) {
  Sequence sequence(call, 0);
  std::int64_t length, position;
  if (!sequence.check(Sequence::kRead | Sequence::kWrite | Sequence::kLength)) return kNativeError;
  sequence.lock();
  if (sequence.is_locked() && call.is_none_or_nil(1)) return call.one(sequence.take_last());
  sequence.work_in_steps();
  if (!sequence.length(&length) || !call.optional_integer(1, length, &position)) return kNativeError;
  sequence.exclude_stores();
  if (position != length && static_cast<std::uint64_t>(position) - 1 > static_cast<std::uint64_t>(length)) {
    return call.argument_error(0, "position out of bounds");
  }
  Value removed;
  if (!sequence.get(position, &removed)) return kNativeError;
  call.keep(removed);
  for (; position < length; ++position) {
    if (!sequence.copy(position + 1, position)) return kNativeError;
  }
  if (!sequence.set(position, Value::nil())) return kNativeError;
  return call.one(removed);
}

int table_move(NativeCall& call) {
  std::int64_t first, last, target;
  if (!call.integer(1, &first) || !call.integer(2, &last) || !call.integer(3, &target)) return kNativeError;
  const unsigned destination = call.is_none_or_nil(4) ? 0 : 4;
  Sequence from(call, 0), to(call, destination);
  if (!from.check(Sequence::kRead) || !to.check(Sequence::kWrite)) return kNativeError;
  from.work_in_steps();
  to.work_in_steps();
  if (last >= first) {
    if (first <= 0 && last >= add(LLONG_MAX, first)) {
      return call.argument_error(2, "too many elements to move");
    }
    const std::int64_t count = last - first + 1;
    if (target > LLONG_MAX - count + 1) return call.argument_error(3, "destination wrap around");
    bool same = destination == 0;
    if (!same && (target <= last && target > first) && !equals(call.thread(), call[0], call[4], &same)) {
      return kNativeError;
    }
    Value value;
    if (target > last || target <= first || !same) {
      for (std::int64_t index = 0; index < count; ++index) {
        if (!from.get(first + index, &value) || !to.set(target + index, value)) return kNativeError;
      }
    } else {
      for (std::int64_t index = count; index-- > 0;) {
        if (!from.get(first + index, &value) || !to.set(target + index, value)) return kNativeError;
      }
    }
  }
  return call.one(call[destination]);
}

int table_pack(NativeCall& call) {
  VmThread& thread = call.thread();
  Table* table = Table::make(thread.heap(), call.count(), 1);
  for (unsigned index = 0; index < call.count(); ++index) {
    // The registers keep the arguments; `store` keeps the table.
    const Value key = Value::inline_integer(std::int64_t{index} + 1);
    if (store(thread, table, key, call[index]) != StoreResult::kStored) return kNativeError;
  }
  set_field(thread, table, "n", Value::inline_integer(call.count()));
  return call.one(Value::table(table));
}

int table_unpack(NativeCall& call) {
  Sequence sequence(call, 0);
  std::int64_t first, last;
  if (!call.optional_integer(1, 1, &first)) return kNativeError;
  if (call.is_none_or_nil(2)) {
    if (!sequence.length(&last)) return kNativeError;
  } else if (!call.integer(2, &last)) {
    return kNativeError;
  }
  if (first > last) return call.none();
  const std::uint64_t wanted = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first);
  Coroutine* coroutine = call.thread().coroutine;
  if (wanted >= Coroutine::kLargestStack ||
      !coroutine->reserve(coroutine->stack() + call.first(), wanted + 1)) {
    return call.error("too many results to unpack");
  }
  const auto count = static_cast<unsigned>(wanted + 1);
  if (sequence.is_plain()) {
    Table* table = sequence.table();
    for (unsigned index = 0; index < count; ++index)
      call.set_result(index, table->get_integer(first + index));
    return static_cast<int>(count);
  }
  // Metamethods may run between two elements: the values wait above the arguments, where calls leave them
  // alone.
  const std::uint32_t kept = coroutine->index_of(coroutine->top);
  for (unsigned index = 0; index < count; ++index) {
    Value value;
    if (!sequence.get(first + index, &value)) return kNativeError;
    if (coroutine->index_of(coroutine->top) - kept != index || !coroutine->reserve(coroutine->top, 1)) {
      return call.error("too many results to unpack");
    }
    call.keep(value);
  }
  for (unsigned index = 0; index < count; ++index)
    call.set_result(index, coroutine->stack()[kept + index].value);
  return static_cast<int>(count);
}

// --- sort
// ---------------------------------------------------------------------------------------------------

using Index = unsigned;

// Values that a sort has taken out of the sequence.
enum Held { kPivot, kLeft, kRight, kHeldCount };

// Numbers, or strings: sorted beside the table, because no script is asked.
class PlainElements {
 public:
  // False: there are other values among the first `count`.
  bool read(Table* table, Index count) {
    values_.reserve(count);
    for (Index index = 1; index <= count; ++index) values_.push_back(table->get_integer(index));
    const bool strings = values_[0].is_string();
    for (Value value : values_) {
      if (strings ? !value.is_string() : !value.is_number()) return false;
    }
    return true;
  }
  void write(LocalHeap& heap, Table* table) const {
    for (std::size_t index = 0; index < values_.size(); ++index) {
      table->set_integer(heap, static_cast<std::int64_t>(index) + 1, values_[index]);
    }
  }
  bool load(Held held, Index index) {
    held_[held] = values_[index - 1];
    return true;
  }
  bool store(Index index, Held held) {
    values_[index - 1] = held_[held];
    return true;
  }
  bool less(Held left, Held right, bool* result) {
    return less_than_natively(held_[left], held_[right], result);
  }
  void end_calls() {}

 private:
  std::vector<Value> values_;
  Value held_[kHeldCount];
};

// Anything else. What is held stands in registers, where the collector sees it while a script compares.
class AnyElements {
 public:
  AnyElements(NativeCall& call, Sequence& sequence)
      : call_(call), sequence_(sequence), comparator_(call[1]), held_(index_of_top()) {
    for (int held = 0; held < kHeldCount; ++held) call.keep(Value::nil());
  }
  bool has_room() const { return index_of_top() == held_ + kHeldCount; }
  bool load(Held held, Index index) {
    Value value;
    if (!sequence_.get(index, &value)) return false;
    call_.thread().coroutine->stack()[held_ + held].set(value);
    return true;
  }
  bool store(Index index, Held held) { return sequence_.set(index, value(held)); }
  bool less(Held left, Held right, bool* result) {
    if (comparator_.is_nil()) return compare_in_library(call_.thread(), value(left), value(right), result);
    // One after the other in the same place, unless metamethods are called between them.
    if (calls_) {
      calls_->restart(comparator_);
    } else {
      calls_.emplace(call_.thread(), comparator_, call_.function());
    }
    calls_->push(value(left));
    calls_->push(value(right));
    if (!calls_->run()) return false;
    *result = !calls_->result(0).is_falsy();
    if (!sequence_.is_plain()) calls_.reset();
    return true;
  }
  void end_calls() { calls_.reset(); }

 private:
  std::uint32_t index_of_top() const {
    const Coroutine* coroutine = call_.thread().coroutine;
    return coroutine->index_of(coroutine->top);
  }
  Value value(Held held) const { return call_.thread().coroutine->stack()[held_ + held].value; }

  NativeCall& call_;
  Sequence& sequence_;
  const Value comparator_;  // an argument, so it stays alive
  const std::uint32_t held_;
  std::optional<ScriptCall> calls_;
};

// Quicksort as ltablib.c has it, step by step: equal elements end where Lua leaves them. The indices stay
// within the interval and the recursion is as deep as a logarithm, however the comparisons answer.
template <typename Elements>
class Quicksort {
 public:
  Quicksort(NativeCall& call, Elements& elements) : call_(call), elements_(elements) {}

  [[nodiscard]] bool sort(Index low, Index high, unsigned randomness = 0) {
    while (low < high) {
      if (!put_in_order(low, high)) return false;
      if (high - low == 1) return true;
      Index middle = choose_pivot(low, high, randomness);
      if (!put_pivot_between(low, middle, high)) return false;
      if (high - low == 2) return true;
      if (!elements_.load(kPivot, middle) || !elements_.load(kLeft, high - 1) ||
          !elements_.store(middle, kLeft) || !elements_.store(high - 1, kPivot) ||
          !partition(low, high, &middle)) {
        return false;
      }
      Index smaller;
      if (middle - low < high - middle) {
        if (!sort(low, middle - 1, randomness)) return false;
        smaller = middle - low;
        low = middle + 1;
      } else {
        if (!sort(middle + 1, high, randomness)) return false;
        smaller = high - middle;
        high = middle - 1;
      }
      // A partition that splits off too little: pivots at random from now on, against quadratic time.
      if (high > low && (high - low) / 128 > smaller) {
        randomness = static_cast<unsigned>(call_.vm().randomness());
      }
    }
    return true;
  }

 private:
  static constexpr Index kLargestWithoutRandomness = 100;

  static Index choose_pivot(Index low, Index high, unsigned randomness) {
    if (high - low < kLargestWithoutRandomness || randomness == 0) return low + (high - low) / 2;
    const Index quarter = (high - low) / 4;  // not too near to the ends
    return randomness % (quarter * 2) + (low + quarter);
  }

  // Exchanges the elements when the one at `high` is less than the one at `low`.
  [[nodiscard]] bool put_in_order(Index low, Index high) {
    bool less;
    if (!elements_.load(kLeft, low) || !elements_.load(kRight, high) ||
        !elements_.less(kRight, kLeft, &less)) {
      return false;
    }
    return !less || (elements_.store(low, kRight) && elements_.store(high, kLeft));
  }

  // Puts the element at `middle` in order with those at the ends, which are in order.
  [[nodiscard]] bool put_pivot_between(Index low, Index middle, Index high) {
    bool less;
    if (!elements_.load(kLeft, middle) || !elements_.load(kRight, low) ||
        !elements_.less(kLeft, kRight, &less)) {
      return false;
    }
    if (less) return elements_.store(middle, kRight) && elements_.store(low, kLeft);
    if (!elements_.load(kRight, high) || !elements_.less(kRight, kLeft, &less)) return false;
    return !less || (elements_.store(middle, kRight) && elements_.store(high, kLeft));
  }

  // REQUIRES: the element at high - 1 is the pivot, which is held. Elements up to *middle are not greater
  // than it.
  [[nodiscard]] bool partition(Index low, Index high, Index* middle) {
    Index left = low, right = high - 1;
    for (;;) {
      bool less;
      for (;;) {
        if (!elements_.load(kLeft, ++left) || !elements_.less(kLeft, kPivot, &less)) return false;
        if (!less) break;
        if (left == high - 1) return invalid_order();
      }
      for (;;) {
        if (!elements_.load(kRight, --right) || !elements_.less(kPivot, kRight, &less)) return false;
        if (!less) break;
        if (right < left) return invalid_order();
      }
      if (right < left) {
        *middle = left;
        return elements_.store(high - 1, kLeft) && elements_.store(left, kPivot);
      }
      if (!elements_.store(left, kRight) || !elements_.store(right, kLeft)) return false;
    }
  }

  bool invalid_order() {
    elements_.end_calls();
    return call_.error("invalid order function for sorting") == 0;
  }

  NativeCall& call_;
  Elements& elements_;
};

int table_sort(NativeCall& call) {
  Sequence sequence(call, 0);
  std::int64_t length;
  if (!sequence.check(Sequence::kRead | Sequence::kWrite | Sequence::kLength)) return kNativeError;
  if (call.is_none_or_nil(1)) sequence.lock();
  if (!sequence.length(&length)) return kNativeError;
  if (length < 2) return call.none();
  if (length >= INT_MAX) return call.argument_error(0, "array too big");
  Value comparator;
  if (!call.is_none_or_nil(1) && !call.function(1, &comparator)) return kNativeError;
  const auto count = static_cast<Index>(length);
  if (sequence.is_plain() && comparator.is_nil()) {
    PlainElements elements;
    sequence.exclude_stores();
    if (elements.read(sequence.table(), count)) {
      const bool sorted = Quicksort(call, elements).sort(1, count);
      elements.write(call.thread().heap(), sequence.table());
      return sorted ? call.none() : kNativeError;
    }
  }
  sequence.unlock();  // metamethods may compare
  AnyElements elements(call, sequence);
  if (!elements.has_room()) return call.error("stack overflow");
  return Quicksort(call, elements).sort(1, count) ? call.none() : kNativeError;
}

constexpr LibraryFunction kFunctions[] = {
    {"concat", table_concatenate}, {"insert", table_insert}, {"move", table_move},     {"pack", table_pack},
    {"remove", table_remove},      {"sort", table_sort},     {"unpack", table_unpack},
};

}  // namespace

void open_table(VmThread& thread) {
  Table* module = Table::make(thread.heap());
  add_functions(thread, module, kFunctions);
  publish_module(thread, "table", module);
}

}  // namespace gilvm
