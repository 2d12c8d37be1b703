#include "vm/heap/heap.h"

#include <malloc.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "vm/base/check.h"
#include "vm/base/membarrier.h"
#include "vm/base/snapshot_area.h"
#include "vm/base/spin.h"

namespace gilvm {
namespace {

// What is asked of the system at once: little at first, so that a small program stays small; then memory that
// the system may hold in huge pages, which take fewer page faults, fewer entries of the processor's address
// cache, and less work in a fork.
constexpr std::size_t kSmallRegion = 32 * kPageSize, kHugePage = 2 << 20;
constexpr std::size_t kSmallRegions = 4;
constexpr std::size_t kPageHeaderSize = 64;

[[noreturn]] void out_of_memory() {
  std::fputs("gilvm: the machine has no memory left\n", stderr);
  std::exit(1);
}

// Asks the system to hold what lies in [memory, memory + size) in huge pages, as far as whole ones fit in.
// Where there are none, nothing changes.
void prefer_huge_pages(void* memory, std::size_t size) {
  const auto start = reinterpret_cast<std::uintptr_t>(memory);
  const std::uintptr_t first = (start + kHugePage - 1) / kHugePage * kHugePage;
  const std::uintptr_t end = (start + size) / kHugePage * kHugePage;
  if (first < end) madvise(reinterpret_cast<void*>(first), end - first, MADV_HUGEPAGE);
}

// For an object that has memory of its own, behind a LargeHeader; nullptr: there is none.
void* take_large(std::size_t size) {
  void* memory = SnapshotArea::take(sizeof(LargeHeader) + size);
  if (memory && size >= 2 * kHugePage) prefer_huge_pages(memory, size);
  return memory;
}

// Free cells that follow one another. It stands in the first of them.
struct FreeRun : Object {
  FreeRun* next;
  // Object::word is the number of cells.
};

}  // namespace

// Cells of one size. Stands at the start of its own memory, which is aligned to kPageSize.
struct Page {
  std::uint32_t cell_size;
  std::uint32_t cell_count;
  FreeRun* runs;             // found by the last sweep
  std::uint32_t free_cells;  // found by the last sweep
  // The cells from here on were never in use: they are zero, and take no memory yet.
  std::uint32_t begun;
  // Of the objects here, by their place; null: none of them has been counted (vm/heap/reference_counts.h).
  std::atomic<ReferenceCount*> counts;

  Object* cell(std::size_t index) {
    return reinterpret_cast<Object*>(reinterpret_cast<char*>(this) + kPageHeaderSize + index * cell_size);
  }
  // Frees what `mark` does not mark, and links the free runs.
  void sweep(const Heap& heap, std::uint8_t mark);
  // Lets every object release what it owns elsewhere. The cells are as before.
  void destroy_objects(const Heap& heap);
};
static_assert(sizeof(Page) <= kPageHeaderSize);

void Page::sweep(const Heap& heap, std::uint8_t mark) {
  FreeRun* first = nullptr;
  FreeRun** link = &first;
  FreeRun* open = nullptr;
  std::uint32_t free_count = 0;
  for (std::uint32_t index = 0; index < begun; ++index) {
    Object* object = cell(index);
    if (object->kind != ObjectKind::kFree) {
      if (object->mark == mark) {
        open = nullptr;
        continue;
      }
      if (auto destroy = heap.operations(object->kind).destroy) destroy(object);
      object->kind = ObjectKind::kFree;
    }
    ++free_count;
    if (open) {
      ++open->word;
    } else {
      open = static_cast<FreeRun*>(object);
      open->word = 1;
      open->next = nullptr;
      *link = open;
      link = &open->next;
    }
  }
  runs = first;
  free_cells = free_count + (cell_count - begun);
}

void Page::destroy_objects(const Heap& heap) {
  for (std::uint32_t index = 0; index < begun; ++index) {
    Object* object = cell(index);
    if (auto destroy = heap.operations(object->kind).destroy) destroy(object);
  }
}

namespace {

LargeHeader* large_header(Object* object) { return reinterpret_cast<LargeHeader*>(object) - 1; }

}  // namespace

// LocalHeap

LocalHeap::~LocalHeap() {
  // The heap goes away as a whole.
  for (SizeClass& cells : classes_) {
    for (Page* page : cells.pages) page->destroy_objects(heap_);
  }
  for (Object* object : large_) {
    if (auto destroy = heap_.operations(object->kind).destroy) destroy(object);
    SnapshotArea::give(large_header(object));
  }
}

void LocalHeap::account(std::size_t bytes) {
  const std::size_t sum = unreported_.load(std::memory_order_relaxed) + bytes;
  if (sum < kReported) {
    unreported_.store(sum, std::memory_order_relaxed);
    return;
  }
  unreported_.store(0, std::memory_order_relaxed);
  if (heap_.account(sum)) report_pressure();
}

std::size_t LocalHeap::unused_bytes() const {
  std::size_t bytes = 0;
  for (const SizeClass& cells : classes_) bytes += static_cast<std::size_t>(cells.limit - cells.cursor);
  return bytes;
}

void LocalHeap::take_run(SizeClass& cells, std::size_t cell_size) {
  auto* run = static_cast<FreeRun*>(cells.runs);
  cells.runs = run->next;
  cells.cursor = reinterpret_cast<char*>(run);
  cells.limit = cells.cursor + run->word * cell_size;
  account(run->word * cell_size);
}

bool LocalHeap::begin_cells(SizeClass& cells) {
  if (cells.next_page == 0) return false;
  Page* page = cells.pages[cells.next_page - 1];
  cells.cursor = reinterpret_cast<char*>(page->cell(page->begun));
  const auto offset = static_cast<std::size_t>(cells.cursor - reinterpret_cast<char*>(page));
  const std::size_t before_next = kBegunAtOnce - offset % kBegunAtOnce;
  const auto at_once = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(before_next) / page->cell_size);
  const std::uint32_t count = std::min(page->cell_count - page->begun, at_once);
  cells.limit = cells.cursor + std::size_t{count} * page->cell_size;
  page->begun += count;
  account(std::size_t{count} * page->cell_size);
  return count > 0;
}

char* LocalHeap::refill(std::uint8_t size_class) {
  SizeClass& cells = classes_[size_class];
  const std::size_t cell_size = size_classes::kSizes[size_class];
  while (!cells.runs) {
    if (begin_cells(cells)) return cells.cursor;
    if (cells.next_page == cells.pages.size()) cells.pages.push_back(heap_.take_page(size_class));
    Page* page = cells.pages[cells.next_page];
    if (cells.next_page++ >= cells.swept) page->sweep(heap_, mark_);
    cells.runs = page->runs;
  }
  take_run(cells, cell_size);
  return cells.cursor;
}

Object* LocalHeap::add_large(void* memory, ObjectKind kind, std::size_t size) {
  auto* header = static_cast<LargeHeader*>(memory);
  header->size = size;
  auto* object = reinterpret_cast<Object*>(header + 1);
  large_.push_back(object);
  account(size);
  return initialise(object, kind, kLargeClass);
}

Object* LocalHeap::allocate_large(ObjectKind kind, std::size_t size) {
  void* memory = take_large(size);
  if (!memory) out_of_memory();
  return add_large(memory, kind, size);
}

Object* LocalHeap::try_allocate_large(ObjectKind kind, std::size_t size) {
  if (!heap_.has_room(size)) return nullptr;
  void* memory = take_large(size);
  return memory ? add_large(memory, kind, size) : nullptr;
}

void LocalHeap::sweep_all() {
  for (SizeClass& cells : classes_) {
    for (std::size_t index = std::max(cells.next_page, cells.swept); index < cells.pages.size(); ++index)
      cells.pages[index]->sweep(heap_, mark_);
    cells.swept = cells.pages.size();
  }
}

void LocalHeap::give_back_pages() {
  sweep_all();
  for (SizeClass& cells : classes_) {
    std::size_t kept = cells.next_page;
    for (std::size_t index = kept; index < cells.pages.size(); ++index) {
      Page* page = cells.pages[index];
      if (page->free_cells == page->cell_count) {
        heap_.free_pages_.push_back(page);
      } else {
        cells.pages[kept++] = page;
      }
    }
    cells.pages.resize(kept);
    cells.swept = kept;
  }
}

void LocalHeap::begin_cycle(std::uint8_t mark) {
  mark_ = mark;
  unreported_.store(0, std::memory_order_relaxed);
  for (SizeClass& cells : classes_) {
    cells.cursor = cells.limit = nullptr;
    cells.runs = nullptr;
    cells.next_page = cells.swept = 0;
  }
}

std::size_t LocalHeap::sweep_large() {
  std::size_t kept = 0, freed = 0;
  for (Object* object : large_) {
    if (object->mark == mark_) {
      large_[kept++] = object;
      continue;
    }
    if (auto destroy = heap_.operations(object->kind).destroy) destroy(object);
    freed += large_header(object)->size;
    SnapshotArea::give(large_header(object));
  }
  large_.resize(kept);
  return freed;
}

// Heap

Heap::~Heap() {
  locals_.clear();
  for (const Region& region : regions_) {
    if (!SnapshotArea::holds(region.memory)) munmap(region.memory, region.size);
  }
}

std::vector<std::byte*> Heap::page_memory() const {
  std::vector<std::byte*> pages;
  for (const Region& region : regions_) {
    for (std::size_t offset = 0; offset < region.size; offset += kPageSize) {
      pages.push_back(static_cast<std::byte*>(region.memory) + offset);
    }
  }
  std::sort(pages.begin(), pages.end());
  return pages;
}

// Of the cells that a thread has begun to use together, those from its cursor on are free.
void Heap::bytes_in_pages(const std::vector<std::byte*>& pages, std::vector<std::size_t>* bytes) const {
  bytes->clear();
  for (std::byte* memory : pages) {
    const auto* page = reinterpret_cast<const Page*>(memory);
    bytes->push_back(page->cell_size == 0 ? 0 : kPageHeaderSize + std::size_t{page->begun} * page->cell_size);
  }
  for (const auto& local : locals_) {
    for (const LocalHeap::SizeClass& cells : local->classes_) {
      if (cells.cursor == cells.limit) continue;
      auto* cursor = reinterpret_cast<std::byte*>(cells.cursor);
      const auto after = std::upper_bound(pages.begin(), pages.end(), cursor);
      std::size_t& in_use = (*bytes)[static_cast<std::size_t>(after - pages.begin()) - 1];
      std::byte* page = *(after - 1);
      if (reinterpret_cast<std::byte*>(cells.limit) == page + in_use) {
        in_use = static_cast<std::size_t>(cursor - page);
      }
    }
  }
}

void Heap::mark_tables() {
  GILVM_ASSERT(locals_.empty());
  marks_tables_ = true;
}

void Heap::count_references(bool is_atomic) {
  GILVM_ASSERT(locals_.empty());
  counts_ = std::make_unique<ReferenceCounts>(is_atomic);
}

std::atomic<ReferenceCount*>& Heap::counts_of_page(const Object* object) {
  const auto address = reinterpret_cast<std::uintptr_t>(object);
  return reinterpret_cast<Page*>(address - address % kPageSize)->counts;
}

void Heap::wait_for_stores(const LocalHeap& self) {
  std::lock_guard guard(mutex_);
  if (!has_membarrier() || locals_.size() - idle_locals_.size() == 1) return;
  membarrier();
  for (const auto& local : locals_) {
    if (local.get() == &self) continue;
    SpinWait wait;
    while (local->stores.load(std::memory_order_acquire)) wait.pause();
  }
}

LocalHeap* Heap::attach(PressureListener* listener) {
  std::lock_guard guard(mutex_);
  if (!idle_locals_.empty()) {
    LocalHeap* local = idle_locals_.back();
    idle_locals_.pop_back();
    local->listener_ = listener;
    prepare_for_others(*local);
    return local;
  }
  locals_.push_back(std::make_unique<LocalHeap>(*this));
  LocalHeap* local = locals_.back().get();
  local->mark_ = mark_;
  local->listener_ = listener;
  local->identity_ = static_cast<std::uint32_t>(locals_.size()) * 0x85EBCA6B;
  local->counts = counts_.get();
  local->stores_are_plain = !counts_;
  prepare_for_others(*local);
  return local;
}

void Heap::prepare_for_others(LocalHeap& local) {
  if (has_one_thread_) return;
  if (threads_are_parallel_) local.interns_texts = false;
  if (!marks_tables_ || local.table_mark != 0) return;
  local.table_mark = last_mark_ += 2;
  local.table_mark_in_place = has_membarrier() ? local.table_mark : kNoMark;
  local.shared_mark_in_place = has_membarrier() ? LocalHeap::kSharedMark : kNoMark;
  local.stores_are_plain = false;
}

bool Heap::expect_threads(LocalHeap& self, bool in_parallel) {
  std::lock_guard guard(mutex_);
  if (!std::exchange(has_one_thread_, false)) return false;
  threads_are_parallel_ = in_parallel;
  prepare_for_others(self);
  return true;
}

void Heap::detach(LocalHeap* local) {
  std::lock_guard guard(mutex_);
  local->listener_ = nullptr;
  idle_locals_.push_back(local);
}

void Heap::map_region() {
  Region region{nullptr, kSmallRegion};
  if (SnapshotArea* area = SnapshotArea::current())
    region.memory = area->allocate_above(kSmallRegion, kPageSize);
  if (!region.memory && regions_.size() < kSmallRegions) region.memory = map_aligned(kSmallRegion, kPageSize);
  if (!region.memory) {
    // Below the last one if possible: then the system has them as one, and less to copy in a fork.
    if (regions_.back().size == kHugePage) {
      region.memory = map_at(static_cast<std::byte*>(regions_.back().memory) - kHugePage, kHugePage);
    }
    region = {region.memory ? region.memory : map_aligned(kHugePage, kHugePage), kHugePage};
    prefer_huge_pages(region.memory, region.size);
  }
  regions_.push_back(region);
  for (std::size_t index = region.size / kPageSize; index-- > 0;) {
    blank_pages_.push_back(
        reinterpret_cast<Page*>(static_cast<std::byte*>(region.memory) + index * kPageSize));
  }
}

void* Heap::map_at(void* address, std::size_t size) {
  void* memory =
      mmap(address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
  if (memory == address) return memory;
  if (memory != MAP_FAILED) munmap(memory, size);  // a system that does not know the last flag
  return nullptr;
}

void* Heap::map_aligned(std::size_t size, std::size_t alignment) {
  // Aligned by hand: mmap only promises the machine's page size.
  void* memory = mmap(nullptr, size + alignment, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) out_of_memory();
  auto start = reinterpret_cast<std::uintptr_t>(memory);
  auto aligned = (start + alignment - 1) / alignment * alignment;
  if (aligned > start) munmap(memory, aligned - start);
  std::uintptr_t spare = start + alignment - aligned;
  if (spare > 0) munmap(reinterpret_cast<void*>(aligned + size), spare);
  return reinterpret_cast<void*>(aligned);
}

Page* Heap::take_page(std::uint8_t size_class) {
  std::lock_guard guard(mutex_);
  Page* page;
  if (!free_pages_.empty()) {
    page = free_pages_.back();
    free_pages_.pop_back();
    // It has old headers where free cells are expected.
    std::memset(static_cast<void*>(page->cell(0)), 0, std::size_t{page->begun} * page->cell_size);
    page->begun = 0;
  } else {
    if (blank_pages_.empty()) map_region();
    page = blank_pages_.back();
    blank_pages_.pop_back();
  }
  page->cell_size = size_classes::kSizes[size_class];
  page->cell_count = static_cast<std::uint32_t>((kPageSize - kPageHeaderSize) / page->cell_size);
  return page;
}

void Heap::set_limit(std::size_t bytes) {
  limit_ = bytes;
  reserve_ = std::min(bytes / kReservedShare, kLargestReserve);
  set_threshold();
}

std::size_t Heap::bytes_in_use(const LocalHeap* own) {
  std::lock_guard guard(mutex_);
  std::size_t bytes = live_bytes_ + allocated_.load(std::memory_order_relaxed);
  for (auto& local : locals_) bytes += local->unreported_.load(std::memory_order_relaxed);
  return own ? bytes - own->unused_bytes() : bytes;
}

void Heap::set_threshold() {
  const unsigned pause = std::max(100u, tuning_.pause.load(std::memory_order_relaxed));
  // In proportion to the threads that allocate: two do not collect twice as often as one. And four times
  // that, if they have to come to a stop for it. Of a thousand threads, most wait.
  const std::size_t threads = std::clamp<std::size_t>(locals_.size() - idle_locals_.size(), 1, kMostCounted);
  const std::size_t least = kLeastBetweenCollections * threads * (threads_are_parallel_ ? 4 : 1);
  threshold_ = std::max(least, live_bytes_ / 100 * (pause - 100));
  if (!has_limit()) return;
  // Not at each report of a thread, however little is left: whoever goes on then gets an error each time.
  const std::size_t most = limit_ - reserve_;
  threshold_at_limit_ = std::max(most > live_bytes_ ? most - live_bytes_ : 0, reserve_);
  threshold_ = std::min(threshold_, threshold_at_limit_);
}

void Heap::lock_for_fork() {
  mutex_.lock();
  // Owners sweep pages that have become free as they need them; until the next collection there are no more.
  if (std::exchange(collections_before_fork_, collections_) == collections_) return;
  for (auto& local : locals_) local->give_back_pages();
  return_pages(0);
}

void Heap::return_pages(std::size_t kept) {
  if (counts_ || free_pages_.size() <= kept) return;  // with counts, a page remembers where they are
  // Those that stay are at the end, where pages are taken from: the ones with the lowest addresses.
  std::sort(free_pages_.begin(), free_pages_.end(), std::greater<>());
  const auto end = free_pages_.end() - static_cast<std::ptrdiff_t>(kept);
  for (auto page = free_pages_.begin(); page != end;) {
    auto last = page;
    std::size_t count = 1;
    while (last + 1 != end && reinterpret_cast<char*>(*last) - reinterpret_cast<char*>(*(last + 1)) ==
                                  static_cast<std::ptrdiff_t>(kPageSize)) {
      ++last;
      ++count;
    }
    MemoryCopy::will_change(*last, count * kPageSize);
    madvise(*last, count * kPageSize, MADV_DONTNEED);
    page = last + 1;
  }
  blank_pages_.insert(blank_pages_.end(), free_pages_.begin(), end);
  free_pages_.erase(free_pages_.begin(), end);
}

void Heap::collect(const std::function<void(Marker&)>& mark_roots, Thoroughness thoroughness,
                   MarkingTeam* team) {
  std::lock_guard guard(mutex_);
  // Objects that are dead since the last collection carry the mark that is about to mean "reached".
  for (auto& local : locals_) local->give_back_pages();
  mark_ = mark_ == 1 ? 2 : 1;

  // The order of luaC's atomic phase, which the manual's §2.5.3 and §2.5.4 describe: a value that is about to
  // be finalized is gone from weak values before its finalizer runs, a key only when it is freed.
  Marker marker(*this, Marker::Purpose::kCollect, team);
  mark_roots(marker);
  finalization_.mark_due(marker);
  marker.drain();
  const std::size_t cleared = marker.clear_weak_values(0);
  finalization_.make_due(marker);
  marker.drain();
  marker.clear_weak_keys();
  marker.clear_weak_values(cleared);
  marker.clear_unset_keys();
  for (auto& hook : marked_hooks_) hook(marker);
  if (counts_) counts_->settle_dead(*this, marker);

  live_bytes_ = marker.bytes();
  allocated_.store(0, std::memory_order_relaxed);
  set_threshold();
  ++collections_;

  std::size_t freed = 0;
  for (auto& local : locals_) {
    local->begin_cycle(mark_);
    freed += local->sweep_large();
    if (thoroughness == Thoroughness::kThorough) local->give_back_pages();
  }
  // What the threads may ask for until the next collection is kept.
  const std::size_t kept = threshold_ / kPageSize + kSmallRegion / kPageSize;
  if (free_pages_.size() > kept + kSmallRegion / kPageSize) return_pages(kept);
  // Where most of what was large is gone, the C library has little reason to keep it; but a script that makes
  // large texts all the time would fault its memory in again and again.
  if (thoroughness == Thoroughness::kThorough && freed > std::max(live_bytes_, kLeastBetweenCollections)) {
    malloc_trim(kLeastBetweenCollections);
  }
}

void Heap::visit_cells(const LocalHeap& local, const std::function<void(Object*)>& visit) {
  for (const auto& cells : local.classes_) {
    // Cells between cursor and limit are free and say so: their kind is kFree.
    for (Page* page : cells.pages) {
      for (std::uint32_t index = 0; index < page->begun; ++index) {
        if (page->cell(index)->kind != ObjectKind::kFree) visit(page->cell(index));
      }
    }
  }
  for (Object* object : local.large_) visit(object);
}

void Heap::each_unswept(const std::function<void(Object*)>& visit) {
  for (auto& local : locals_) visit_cells(*local, visit);
}

void Heap::each_object(const std::function<void(Object*)>& visit) {
  std::lock_guard guard(mutex_);
  for (auto& local : locals_) {
    local->sweep_all();
    visit_cells(*local, visit);
  }
}

void Heap::verify() {
  Marker marker(*this, Marker::Purpose::kVerify);
  each_object([&](Object* object) {
    GILVM_CHECK(object->kind < ObjectKind::kCount);
    GILVM_CHECK(object->mark == mark_);
    GILVM_CHECK(object->size_class == kLargeClass || object->size_class < size_classes::kCount);
    // Whatever it refers to, weakly too, is alive.
    if (operations(object->kind).trace) operations(object->kind).trace(marker, object);
  });
  marker.drain();
}

}  // namespace gilvm
