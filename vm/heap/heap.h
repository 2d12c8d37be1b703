// The heap of a VM: allocation by thread-local size classes, and a precise mark and sweep collector.
//
// Small objects stand in pages of cells of one size. A page belongs to one LocalHeap, and only its owner
// allocates from it, so allocation takes no lock. A collection happens only while the world is stopped: it
// marks what the roots reach. Sweeping is lazy: an owner sweeps a page when it needs cells, because an object
// that was not reached cannot be reached again by anyone.
//
// Threads: a LocalHeap is used by the thread that attached it. Heap::attach and detach may be called by any
// thread. Everything marked REQUIRES: stopped runs on one thread while no other thread touches the heap.
// Invariants:
//  (1) Nothing is freed between two collections: native code between two safepoints may hold raw pointers.
//  (2) An object's `mark` equals current_mark() iff the last collection reached it or it is newer.
//  (3) A cell whose `kind` is kFree is no object; every other cell is an initialised one.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "vm/heap/finalization.h"
#include "vm/heap/marker.h"
#include "vm/heap/object.h"
#include "vm/heap/reference_counts.h"
#include "vm/heap/value.h"

namespace gilvm {

class Heap;
class StringTable;

inline constexpr std::size_t kPageSize = 32 * 1024;
inline constexpr std::size_t kLargestCell = 2048;
inline constexpr std::uint8_t kLargeClass = 0xFF;

namespace size_classes {
inline constexpr std::uint16_t kSizes[] = {16,  32,  48,  64,  80,  96,   112,  128,  144,
                                           160, 176, 192, 208, 224, 240,  256,  320,  384,
                                           448, 512, 640, 768, 896, 1024, 1280, 1536, 2048};
inline constexpr std::size_t kCount = sizeof(kSizes) / sizeof(kSizes[0]);
// The class whose cells hold `size` bytes. REQUIRES: size <= kLargestCell.
inline std::uint8_t of(std::size_t size) {
  if (size <= 256) return static_cast<std::uint8_t>((size + 15) / 16 - 1);
  std::uint8_t index = 16;
  while (kSizes[index] < size) ++index;
  return index;
}
}  // namespace size_classes

struct Page;

// In front of every large object.
struct LargeHeader {
  std::size_t size;
  std::size_t padding;
};

// The bytes that the object takes.
inline std::size_t size_in_heap(const Object* object) {
  if (object->size_class != kLargeClass) [[likely]]
    return size_classes::kSizes[object->size_class];
  return (reinterpret_cast<const LargeHeader*>(object) - 1)->size;
}

// Who is told when a collection is due: the thread whose allocation made it so.
class PressureListener {
 public:
  virtual void heap_is_under_pressure() = 0;

 protected:
  ~PressureListener() = default;
};

// The part of the heap that one thread allocates from.
class LocalHeap {
 public:
  explicit LocalHeap(Heap& heap) : heap_(heap) {}
  ~LocalHeap();
  LocalHeap(const LocalHeap&) = delete;

  // Memory for an object of `size` bytes; its header is filled in, the rest is not. Never collects, and does
  // not look at the heap's limit: what is small may go beyond it until the next safepoint. Exits the process
  // with a message when the machine has no memory left.
  Object* allocate(ObjectKind kind, std::size_t size) {
    if (size <= kLargestCell) [[likely]] {
      return allocate_cell(kind, size_classes::of(size));
    }
    return allocate_large(kind, size);
  }
  // As allocate(). Null for an object so large that it may not, or cannot, be had (Heap::has_room).
  Object* try_allocate(ObjectKind kind, std::size_t size) {
    if (size <= kLargestCell) [[likely]] {
      return allocate_cell(kind, size_classes::of(size));
    }
    return try_allocate_large(kind, size);
  }
  // As allocate(), where `size` is a constant.
  template <std::size_t size>
  Object* allocate_fixed(ObjectKind kind) {
    static_assert(size <= 256);
    return allocate_cell(kind, (size + 15) / 16 - 1);
  }

  // Makes the thread come to a safepoint soon, where it looks at what is due.
  void report_pressure() {
    if (listener_) listener_->heap_is_under_pressure();
  }

  // Sweeps what has not been swept since the last collection, which the next one need not do then. REQUIRES:
  // the caller is the owner, or the world is stopped.
  void sweep_all();

  Heap& heap() { return heap_; }
  // Bytes of free cells that count as allocated. REQUIRES: the caller is the owner.
  std::size_t unused_bytes() const;

  // For the string table (vm/object/string.h): the short strings that this thread has interned, and whether
  // it interns those that it computes. It does not while other threads run at the same time.
  unsigned strings_made = 0;
  bool interns_texts = kInternsTexts;

  // The mark of tables that several threads store to.
  static constexpr std::uint32_t kSharedMark = 0xFFFF'FFFE;
  // Under the lock regime `object` (vm/object/table_lock.h): the mark of this thread's own tables, which is
  // even and no other thread's; and the words of tables that it may store to without their lock. 0 under
  // other regimes, and as long as it is the VM's only thread: then it locks nothing.
  std::uint32_t table_mark = 0;
  std::uint32_t table_mark_in_place = 0, shared_mark_in_place = 0;
  // It is about to do so, or is doing it.
  std::atomic<bool> stores{false};

  // Where assignments are entered; null: nowhere.
  ReferenceCounts* counts = nullptr;
  // A store into a table is nothing but a store: no lock, and no counts.
  bool stores_are_plain = true;

 private:
  friend class Heap;
#ifdef GILVM_STRESS
  static constexpr bool kInternsTexts = false;
#else
  static constexpr bool kInternsTexts = true;
#endif
  // What a thread allocates before it adds that to the heap's sum, which all threads share.
  static constexpr std::size_t kReported = 64 * 1024;
  // Cells begin to be used together as far as the next multiple of this in their page: the machine gives
  // memory in such pieces.
  static constexpr std::size_t kBegunAtOnce = 4096;

  struct SizeClass {
    char* cursor = nullptr;  // cells from here to `limit` are free
    char* limit = nullptr;
    Object* runs = nullptr;  // further free runs of the page that is allocated from
    std::vector<Page*> pages;
    std::size_t next_page = 0;  // pages from here on have not been allocated from since the last collection
    std::size_t swept = 0;      // nor have they been swept, from here on
  };

  Object* allocate_cell(ObjectKind kind, std::uint8_t size_class) {
    SizeClass& cells = classes_[size_class];
    char* cell = cells.cursor;
    if (cell == cells.limit) [[unlikely]] {
      cell = refill(size_class);
    }
    cells.cursor = cell + size_classes::kSizes[size_class];
    return initialise(reinterpret_cast<Object*>(cell), kind, size_class);
  }
  Object* initialise(Object* object, ObjectKind kind, std::uint8_t size_class) {
    object->kind = kind;
    object->mark = mark_;
    object->size_class = size_class;
    object->flags = 0;
    object->word = identity_ += 0x9E3779B9;  // distinct, well spread, and the same in every run
    return object;
  }
  char* refill(std::uint8_t size_class);
  Object* allocate_large(ObjectKind kind, std::size_t size);
  Object* try_allocate_large(ObjectKind kind, std::size_t size);
  Object* add_large(void* memory, ObjectKind kind, std::size_t size);
  void account(std::size_t bytes);
  void take_run(SizeClass& cells, std::size_t cell_size);
  // Allocation goes on in cells of the current page that were never in use. False: there are none.
  bool begin_cells(SizeClass& cells);
  // Sweeps all, and hands the pages without an object to the heap.
  void give_back_pages();
  void begin_cycle(std::uint8_t mark);
  // Returns the bytes that were freed.
  std::size_t sweep_large();

  Heap& heap_;
  SizeClass classes_[size_classes::kCount];
  std::vector<Object*> large_;
  std::atomic<std::size_t> unreported_{0};  // bytes; written by the owner, and by the collector
  std::uint8_t mark_ = 1;
  std::uint32_t identity_ = 0;
  PressureListener* listener_ = nullptr;
};

class Heap {
 public:
  Heap() = default;
  ~Heap();
  Heap(const Heap&) = delete;

  // From now on threads mark their tables (LocalHeap::table_mark). REQUIRES: no thread has been attached.
  void mark_tables();
  // From now on there may be other threads beside that of `self`, where so far it was the only one, which
  // locked nothing; if `in_parallel` they run at the same time. False: that was known. REQUIRES: the caller
  // is the owner of `self`.
  bool expect_threads(LocalHeap& self, bool in_parallel);
  // From now on threads enter their assignments (LocalHeap::counts). REQUIRES: no thread has been attached.
  void count_references(bool is_atomic);
  // Null: they do not.
  ReferenceCounts* counts() const { return counts_.get(); }
  // For the ledger: where a page remembers the counts of its objects. REQUIRES: the object is not large.
  static std::atomic<ReferenceCount*>& counts_of_page(const Object* object);
  // For the ledger: calls `visit` for every object, also those that the collection has not reached.
  // REQUIRES: called by collect().
  void each_unswept(const std::function<void(Object*)>& visit);

  // Until every store that another thread has begun without a table's lock has been done. What this thread
  // did before is seen by those that begin later.
  void wait_for_stores(const LocalHeap& self);

  // `listener` may be null.
  LocalHeap* attach(PressureListener* listener);
  void detach(LocalHeap* local);

  void define_kind(ObjectKind kind, ObjectOperations operations) {
    operations_[static_cast<int>(kind)] = operations;
  }
  const ObjectOperations& operations(ObjectKind kind) const { return operations_[static_cast<int>(kind)]; }

  // Called in each collection, after marking and before anything is swept: for what refers to objects without
  // keeping them.
  void on_marked(std::function<void(Marker&)> hook) { marked_hooks_.push_back(std::move(hook)); }

  // How much a collection does while the world stands still.
  enum class Thoroughness {
    kQuick,     // pages are swept by their owners afterwards; those that are empty are found by the next one
    kThorough,  // all is swept, and memory that is free goes back to the system
  };
  // REQUIRES: stopped. `mark_roots` marks everything that the VM's threads and globals refer to. Those in
  // `team` may help; null: nobody does.
  void collect(const std::function<void(Marker&)>& mark_roots,
               Thoroughness thoroughness = Thoroughness::kQuick, MarkingTeam* team = nullptr);
  // "__mode", an interned string that the VM keeps alive; null: no table is weak.
  const String* mode_name = nullptr;
  // Where short strings are interned. It sets itself.
  StringTable* strings = nullptr;
  // Objects that have a finalizer.
  Finalization& finalization() { return finalization_; }

  // REQUIRES: stopped. Checks every invariant of every object; aborts with a message when one is broken.
  void verify();
  // The memory of its cells, page by page, in ascending order, and how many bytes at the start of each are in
  // use. What is behind them is zero, or free: it may be made zero. For snapshots.
  std::vector<std::byte*> page_memory() const;
  void bytes_in_pages(const std::vector<std::byte*>& pages, std::vector<std::size_t>* bytes) const;
  // REQUIRES: stopped. Calls `visit` for every live object.
  void each_object(const std::function<void(Object*)>& visit);

  bool wants_collection() const { return is_due(allocated_.load(std::memory_order_relaxed)); }
  // What collectgarbage sets: percentages as in Lua (manual §2.5.1). The next collection is due when the
  // bytes in use are `pause` percent of what this one has left; the others are remembered and have no effect.
  struct Tuning {
    std::atomic<unsigned> pause{200};
    std::atomic<unsigned> step_multiplier{100};
    std::atomic<bool> generational{true};  // as lua5.4 begins
  };
  Tuning& tuning() { return tuning_; }
  void set_enabled(bool enabled) { enabled_.store(enabled, std::memory_order_relaxed); }
  bool enabled() const { return enabled_.load(std::memory_order_relaxed); }

  // Around fork(): no other thread is in the middle of a change, and no page that is free takes up memory.
  // REQUIRES: stopped.
  void lock_for_fork();
  void unlock() { mutex_.unlock(); }

  // Bytes in use: what the last collection reached and what was allocated since. Exact for what the owner of
  // `own` has allocated; other threads' part counts in runs of cells.
  std::size_t bytes_in_use(const LocalHeap* own = nullptr);

  // The most bytes that may be in use; objects of some size are refused beyond it. A part is kept back for
  // what must go on then, such as the handling of the error. REQUIRES: set before a thread allocates.
  void set_limit(std::size_t bytes);
  bool has_limit() const { return limit_ != kNoLimit; }
  // Would `bytes` more be within the limit, as things stand?
  bool has_room(std::size_t bytes) const {
    return !has_limit() || live_bytes_ + allocated_.load(std::memory_order_relaxed) + bytes <= limit_;
  }
  // Did the last collection leave next to nothing of what is allowed?
  bool is_exhausted() const { return has_limit() && live_bytes_ + reserve_ > limit_; }
  // An object owns so many bytes more outside of the heap. At a collection it tells all of them
  // (Marker::add_bytes).
  void account_outside(std::size_t bytes) { allocated_.fetch_add(bytes, std::memory_order_relaxed); }
  std::uint64_t collections() const { return collections_; }
  std::uint8_t current_mark() const { return mark_; }

 private:
  friend class LocalHeap;
  friend class Marker;
  static constexpr std::uint32_t kNoMark = 1;  // no table's word
  static constexpr std::size_t kLeastBetweenCollections = 1 << 20;
  static constexpr std::size_t kMostCounted = 16;  // threads
  static constexpr std::size_t kNoLimit = SIZE_MAX;
  // Kept back of a limit: a 64th of it, at most a mebibyte.
  static constexpr std::size_t kReservedShare = 64;
  static constexpr std::size_t kLargestReserve = 1 << 20;

  Page* take_page(std::uint8_t size_class);
  void map_region();
  // Null: something is there already.
  static void* map_at(void* address, std::size_t size);
  static void* map_aligned(std::size_t size, std::size_t alignment);
  // Is a collection due when so much was allocated since the last one? Collections that the script has
  // stopped happen all the same where the limit asks for them.
  bool is_due(std::size_t allocated) const {
    return allocated >= threshold_ && (enabled() || allocated >= threshold_at_limit_);
  }
  // True when a collection is due.
  bool account(std::size_t bytes) {
    return is_due(allocated_.fetch_add(bytes, std::memory_order_relaxed) + bytes);
  }
  void set_threshold();
  // Gives the memory of free pages back to the system, but for so many of them.
  void return_pages(std::size_t kept);

  // Makes it a heap of one thread among others, where there may be others.
  void prepare_for_others(LocalHeap& local);
  void visit_cells(const LocalHeap& local, const std::function<void(Object*)>& visit);

  bool marks_tables_ = false;
  std::uint32_t last_mark_ = 0;
  bool has_one_thread_ = true;
  bool threads_are_parallel_ = false;
  std::unique_ptr<ReferenceCounts> counts_;
  Finalization finalization_;
  ObjectOperations operations_[static_cast<int>(ObjectKind::kCount)];
  std::vector<std::function<void(Marker&)>> marked_hooks_;
  std::uint8_t mark_ = 1;
  Tuning tuning_;
  std::atomic<bool> enabled_{true};
  std::atomic<std::size_t> allocated_{0};  // since the last collection, as far as threads have reported it
  std::size_t threshold_ = kLeastBetweenCollections;
  std::size_t threshold_at_limit_ = kNoLimit;
  std::size_t limit_ = kNoLimit;
  std::size_t reserve_ = 0;
  std::size_t live_bytes_ = 0;
  std::uint64_t collections_ = 0;
  std::uint64_t collections_before_fork_ = 0;  // when free pages were last looked for because of a fork

  std::mutex mutex_;  // guards the members below
  std::vector<std::unique_ptr<LocalHeap>> locals_;
  std::vector<LocalHeap*> idle_locals_;
  std::vector<Page*> free_pages_;   // that had objects
  std::vector<Page*> blank_pages_;  // that are zero, and take no memory
  struct Region {
    void* memory;
    std::size_t size;
  };
  std::vector<Region> regions_;
};

}  // namespace gilvm
