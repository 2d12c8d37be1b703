#include "vm/heap/heap.h"

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "vm/base/check.h"

namespace gilvm {
namespace {

constexpr std::size_t kRegionSize = 32 * kPageSize;
constexpr std::size_t kPageHeaderSize = 64;

[[noreturn]] void out_of_memory() {
  std::fputs("gilvm: the machine has no memory left\n", stderr);
  std::exit(1);
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

  Object* cell(std::size_t index) {
    return reinterpret_cast<Object*>(reinterpret_cast<char*>(this) + kPageHeaderSize + index * cell_size);
  }
  // Frees what `mark` does not mark, and links the free runs.
  void sweep(const Heap& heap, std::uint8_t mark);
};
static_assert(sizeof(Page) <= kPageHeaderSize);

void Page::sweep(const Heap& heap, std::uint8_t mark) {
  FreeRun* first = nullptr;
  FreeRun** link = &first;
  FreeRun* open = nullptr;
  std::uint32_t free_count = 0;
  for (std::uint32_t index = 0; index < cell_count; ++index) {
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
  free_cells = free_count;
}

// In front of every large object.
struct LargeHeader {
  std::size_t size;
  std::size_t padding;
};

static LargeHeader* large_header(Object* object) { return reinterpret_cast<LargeHeader*>(object) - 1; }

std::size_t size_in_heap(const Object* object) {
  return object->size_class == kLargeClass ? large_header(const_cast<Object*>(object))->size
                                           : size_classes::kSizes[object->size_class];
}

// LocalHeap

LocalHeap::~LocalHeap() {
  // The heap goes away as a whole: let every object release what it owns elsewhere.
  for (SizeClass& cells : classes_) {
    for (Page* page : cells.pages) page->sweep(heap_, 0);
  }
  for (Object* object : large_) {
    if (auto destroy = heap_.operations(object->kind).destroy) destroy(object);
    std::free(large_header(object));
  }
}

void LocalHeap::take_run(SizeClass& cells, std::size_t cell_size) {
  auto* run = static_cast<FreeRun*>(cells.runs);
  cells.runs = run->next;
  cells.cursor = reinterpret_cast<char*>(run);
  cells.limit = cells.cursor + run->word * cell_size;
  if (heap_.account(run->word * cell_size)) report_pressure();
}

char* LocalHeap::refill(std::uint8_t size_class) {
  SizeClass& cells = classes_[size_class];
  const std::size_t cell_size = size_classes::kSizes[size_class];
  while (!cells.runs) {
    if (cells.next_page == cells.pages.size()) cells.pages.push_back(heap_.take_page(size_class));
    Page* page = cells.pages[cells.next_page++];
    page->sweep(heap_, mark_);
    cells.runs = page->runs;
  }
  take_run(cells, cell_size);
  return cells.cursor;
}

Object* LocalHeap::allocate_large(ObjectKind kind, std::size_t size) {
  auto* header = static_cast<LargeHeader*>(std::malloc(sizeof(LargeHeader) + size));
  if (!header) out_of_memory();
  header->size = size;
  auto* object = reinterpret_cast<Object*>(header + 1);
  large_.push_back(object);
  if (heap_.account(size)) report_pressure();
  return initialise(object, kind, kLargeClass);
}

void LocalHeap::release(Object* object) {
  if (object->size_class != kLargeClass) return;  // the next sweep finds it
  for (std::size_t index = large_.size(); index-- > 0;) {
    if (large_[index] == object) {
      large_[index] = large_.back();
      large_.pop_back();
      heap_.forget(std::min(large_header(object)->size, heap_.allocated_.load(std::memory_order_relaxed)));
      std::free(large_header(object));
      return;
    }
    if (large_.size() - index > 64) return;  // an old one: left to the collector
  }
}

void LocalHeap::sweep_all() {
  for (SizeClass& cells : classes_) {
    for (; cells.next_page < cells.pages.size(); ++cells.next_page)
      cells.pages[cells.next_page]->sweep(heap_, mark_);
  }
}

void LocalHeap::begin_cycle(std::uint8_t mark) {
  mark_ = mark;
  for (SizeClass& cells : classes_) {
    cells.cursor = cells.limit = nullptr;
    cells.runs = nullptr;
    cells.next_page = 0;
  }
}

void LocalHeap::sweep_large() {
  std::size_t kept = 0;
  for (Object* object : large_) {
    if (object->mark == mark_) {
      large_[kept++] = object;
      continue;
    }
    if (auto destroy = heap_.operations(object->kind).destroy) destroy(object);
    std::free(large_header(object));
  }
  large_.resize(kept);
}

// Heap

Heap::~Heap() {
  locals_.clear();
  for (void* region : regions_) munmap(region, kRegionSize);
}

LocalHeap* Heap::attach(PressureListener* listener) {
  std::lock_guard guard(mutex_);
  if (!idle_locals_.empty()) {
    LocalHeap* local = idle_locals_.back();
    idle_locals_.pop_back();
    local->listener_ = listener;
    return local;
  }
  locals_.push_back(std::make_unique<LocalHeap>(*this));
  LocalHeap* local = locals_.back().get();
  local->mark_ = mark_;
  local->listener_ = listener;
  local->identity_ = static_cast<std::uint32_t>(locals_.size()) * 0x85EBCA6B;
  return local;
}

void Heap::detach(LocalHeap* local) {
  std::lock_guard guard(mutex_);
  local->listener_ = nullptr;
  idle_locals_.push_back(local);
}

Page* Heap::take_page(std::uint8_t size_class) {
  std::lock_guard guard(mutex_);
  if (free_pages_.empty()) {
    // Aligned by hand: mmap only promises the machine's page size.
    void* memory =
        mmap(nullptr, kRegionSize + kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) out_of_memory();
    auto start = reinterpret_cast<std::uintptr_t>(memory);
    auto aligned = (start + kPageSize - 1) / kPageSize * kPageSize;
    if (aligned > start) munmap(memory, aligned - start);
    std::uintptr_t spare = start + kPageSize - aligned;
    if (spare > 0) munmap(reinterpret_cast<void*>(aligned + kRegionSize), spare);
    regions_.push_back(reinterpret_cast<void*>(aligned));
    for (std::size_t index = kRegionSize / kPageSize; index-- > 0;) {
      auto* page = reinterpret_cast<Page*>(aligned + index * kPageSize);
      free_pages_.push_back(page);
    }
  }
  Page* page = free_pages_.back();
  free_pages_.pop_back();
  // A page that had cells of another size has old headers where free cells are expected.
  if (page->cell_size != 0) std::memset(static_cast<void*>(page), 0, kPageSize);
  page->cell_size = size_classes::kSizes[size_class];
  page->cell_count = static_cast<std::uint32_t>((kPageSize - kPageHeaderSize) / page->cell_size);
  return page;
}

void Heap::collect(const std::function<void(Marker&)>& mark_roots) {
  std::lock_guard guard(mutex_);
  // Objects that are dead since the last collection carry the mark that is about to mean "reached".
  for (auto& local : locals_) local->sweep_all();
  mark_ = mark_ == 1 ? 2 : 1;

  // The order of luaC's atomic phase, which the manual's §2.5.3 and §2.5.4 describe: a value that is about to
  // be finalized is gone from weak values before its finalizer runs, a key only when it is freed.
  Marker marker(*this);
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

  for (auto& local : locals_) {
    local->begin_cycle(mark_);
    local->sweep_large();
  }
  live_bytes_ = marker.bytes();
  allocated_.store(0, std::memory_order_relaxed);
  const unsigned pause = std::max(100u, tuning_.pause.load(std::memory_order_relaxed));
  // In proportion to the threads that allocate: two do not collect twice as often as one.
  const std::size_t threads = std::max<std::size_t>(locals_.size() - idle_locals_.size(), 1);
  threshold_ = std::max(kLeastBetweenCollections * threads, live_bytes_ / 100 * (pause - 100));
  ++collections_;
}

void Heap::each_object(const std::function<void(Object*)>& visit) {
  std::lock_guard guard(mutex_);
  for (auto& local : locals_) {
    local->sweep_all();
    for (auto& cells : local->classes_) {
      // Cells between cursor and limit are free and say so: their kind is kFree.
      for (Page* page : cells.pages) {
        for (std::uint32_t index = 0; index < page->cell_count; ++index) {
          if (page->cell(index)->kind != ObjectKind::kFree) visit(page->cell(index));
        }
      }
    }
    for (Object* object : local->large_) visit(object);
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
}

}  // namespace gilvm
