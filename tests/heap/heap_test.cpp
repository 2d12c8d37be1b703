#include "vm/heap/heap.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <thread>
#include <vector>

namespace gilvm {
namespace {

// An object that refers to one other and counts its destruction.
struct Link : Object {
  Object* next;
  int* destroyed;

  static void trace(Marker& marker, Object* object) {
    if (Object* next = static_cast<Link*>(object)->next) marker.mark_object(next);
  }
  static void destroy(Object* object) { ++*static_cast<Link*>(object)->destroyed; }
};

class TestHeap {
 public:
  TestHeap() : local(heap.attach(nullptr)) {
    heap.define_kind(ObjectKind::kUserdata, {Link::trace, Link::destroy});
  }

  // `size` bytes, of which the first are a Link.
  Link* make_link(Object* next = nullptr, std::size_t size = sizeof(Link)) {
    auto* link = static_cast<Link*>(local->allocate(ObjectKind::kUserdata, size));
    link->next = next;
    link->destroyed = &destroyed;
    return link;
  }
  void collect(const std::vector<Object*>& roots) {
    heap.collect([&](Marker& marker) {
      for (Object* root : roots) marker.mark_object(root);
    });
  }
  // Collects, and sweeps what is swept lazily otherwise.
  void collect_and_sweep(const std::vector<Object*>& roots) {
    collect(roots);
    heap.each_object([](Object*) {});
  }
  std::size_t count_objects() {
    std::size_t count = 0;
    heap.each_object([&](Object*) { ++count; });
    return count;
  }

  int destroyed = 0;
  Heap heap;
  LocalHeap* local;
};

struct CountingListener final : PressureListener {
  void heap_is_under_pressure() override { ++calls; }
  int calls = 0;
};

}  // namespace

TEST_CASE("a size class holds its size and no class below it does", "[heap]") {
  for (std::size_t size = 1; size <= kLargestCell; ++size) {
    const std::uint8_t index = size_classes::of(size);
    REQUIRE(index < size_classes::kCount);
    REQUIRE(size_classes::kSizes[index] >= size);
    if (index > 0) REQUIRE(size_classes::kSizes[index - 1] < size);
  }
}

TEST_CASE("objects of every size are aligned, apart from each other and writable to their end", "[heap]") {
  TestHeap test;
  std::vector<std::size_t> sizes = {kLargestCell + 1, 3 * kPageSize};
  for (const std::size_t size : size_classes::kSizes) {
    sizes.push_back(size);
    sizes.push_back(size - 7);
  }
  std::vector<std::pair<char*, std::size_t>> objects;
  for (int round = 0; round < 40; ++round) {
    for (const std::size_t size : sizes) {
      auto* object = test.local->allocate(ObjectKind::kString, size);
      REQUIRE(reinterpret_cast<std::uintptr_t>(object) % 8 == 0);
      REQUIRE(object->kind == ObjectKind::kString);
      REQUIRE((object->size_class == kLargeClass) == (size > kLargestCell));
      std::memset(static_cast<void*>(object + 1), round, size - sizeof(Object));
      objects.emplace_back(reinterpret_cast<char*>(object), size);
    }
  }
  std::sort(objects.begin(), objects.end());
  for (std::size_t index = 1; index < objects.size(); ++index) {
    REQUIRE(objects[index - 1].first + objects[index - 1].second <= objects[index].first);
  }
  test.heap.verify();
}

TEST_CASE("what is unreachable is destroyed, once", "[heap]") {
  TestHeap test;
  for (int count = 0; count < 1000; ++count) test.make_link();
  test.collect_and_sweep({});
  CHECK(test.destroyed == 1000);
  CHECK(test.count_objects() == 0);
  test.collect_and_sweep({});
  CHECK(test.destroyed == 1000);
}

TEST_CASE("sweeping is done at the latest when the next collection begins", "[heap]") {
  TestHeap test;
  test.make_link();
  test.collect({});
  test.collect({});
  CHECK(test.destroyed == 1);
}

TEST_CASE("what is reachable stays over many collections", "[heap]") {
  TestHeap test;
  std::vector<Link*> chain;
  for (int count = 0; count < 5000; ++count)
    chain.push_back(test.make_link(chain.empty() ? nullptr : chain.back()));
  for (int collection = 0; collection < 20; ++collection) {
    for (int garbage = 0; garbage < 100; ++garbage) test.make_link(chain[static_cast<std::size_t>(garbage)]);
    test.collect({chain.back()});
    test.heap.verify();
  }
  test.collect_and_sweep({chain.back()});
  CHECK(test.destroyed == 20 * 100);
  CHECK(test.count_objects() == chain.size());
  for (std::size_t index = 1; index < chain.size(); ++index) REQUIRE(chain[index]->next == chain[index - 1]);
}

TEST_CASE("a cycle that nothing refers to is freed", "[heap]") {
  TestHeap test;
  Link* first = test.make_link();
  first->next = test.make_link(first);
  test.collect_and_sweep({first});
  CHECK(test.destroyed == 0);
  test.collect_and_sweep({});
  CHECK(test.destroyed == 2);
}

TEST_CASE("marking a chain of a million objects does not use the machine's stack", "[heap]") {
  TestHeap test;
  Link* last = nullptr;
  for (int count = 0; count < 1'000'000; ++count) last = test.make_link(last);
  test.collect_and_sweep({last});
  CHECK(test.destroyed == 0);
  test.collect_and_sweep({});
  CHECK(test.destroyed == 1'000'000);
}

TEST_CASE("an object that was made after a collection is as good as reached", "[heap]") {
  TestHeap test;
  test.collect({});
  const Link* link = test.make_link();
  CHECK(link->mark == test.heap.current_mark());
  test.heap.each_object([](Object*) {});
  CHECK(test.destroyed == 0);
}

TEST_CASE("large objects are destroyed, kept and accounted like small ones", "[heap]") {
  TestHeap test;
  constexpr std::size_t kSize = 100'000;
  Link* kept = test.make_link(nullptr, kSize);
  for (int count = 0; count < 50; ++count) test.make_link(kept, kSize);
  CHECK(test.heap.bytes_in_use() >= 51 * kSize);
  test.collect({kept});
  CHECK(test.destroyed == 50);
  CHECK(test.heap.bytes_in_use() == kSize);
  test.heap.verify();
  test.collect({});
  CHECK(test.destroyed == 51);
  CHECK(test.heap.bytes_in_use() == 0);
}

TEST_CASE("freed cells are used again before new pages are taken", "[heap]") {
  TestHeap test;
  constexpr int kCount = 10'000;
  std::set<Object*> first;
  for (int count = 0; count < kCount; ++count) first.insert(test.make_link());
  test.collect({});
  int reused = 0;
  for (int count = 0; count < kCount; ++count) reused += static_cast<int>(first.count(test.make_link()));
  CHECK(reused == kCount);
}

TEST_CASE("cells between survivors are found and used again", "[heap]") {
  TestHeap test;
  std::vector<Object*> kept;
  std::set<Object*> freed;
  for (int count = 0; count < 6000; ++count) {
    Link* link = test.make_link();
    if (count % 3 == 0) {
      kept.push_back(link);
    } else {
      freed.insert(link);
    }
  }
  test.collect(kept);
  for (std::size_t count = freed.size(); count > 0; --count) REQUIRE(freed.erase(test.make_link()) == 1);
  CHECK(test.destroyed == 4000);
}

TEST_CASE("a heap that makes and drops the same amount again and again does not grow", "[heap]") {
  TestHeap test;
  std::set<Object*> addresses;
  for (int collection = 0; collection < 50; ++collection) {
    for (int count = 0; count < 2000; ++count) addresses.insert(test.make_link());
    test.collect({});
  }
  CHECK(addresses.size() < 2 * 2000);
}

TEST_CASE("after a collection the bytes in use are the cells of what was reached", "[heap]") {
  TestHeap test;
  std::vector<Object*> kept;
  for (int count = 0; count < 100; ++count) kept.push_back(test.make_link(nullptr, 40));
  for (int count = 0; count < 900; ++count) test.make_link(nullptr, 40);
  test.collect(kept);
  CHECK(test.heap.bytes_in_use() == 100 * 48);
  CHECK(test.heap.collections() == 1);
}

TEST_CASE("a collection is wanted after a mebibyte, and not while collecting is switched off", "[heap]") {
  CountingListener listener;
  Heap heap;
  LocalHeap* local = heap.attach(&listener);
  heap.set_enabled(false);
  for (int count = 0; count < 2000; ++count) local->allocate(ObjectKind::kString, 1024);
  CHECK(listener.calls == 0);
  CHECK_FALSE(heap.wants_collection());
  heap.set_enabled(true);
  CHECK(heap.wants_collection());
  for (int count = 0; count < 2000; ++count) local->allocate(ObjectKind::kString, 1024);
  CHECK(listener.calls > 0);
  heap.collect([](Marker&) {});
  CHECK_FALSE(heap.wants_collection());
}

TEST_CASE("of a page, what has been allocated is in use, and the rest is zero", "[heap]") {
  Heap heap;
  LocalHeap* local = heap.attach(nullptr);
  Object* object = nullptr;
  for (int count = 0; count < 3; ++count) {
    object = local->allocate(ObjectKind::kString, 100);
    std::memset(reinterpret_cast<char*>(object) + sizeof(Object), 1, 100 - sizeof(Object));
  }
  const std::vector<std::byte*> pages = heap.page_memory();
  CHECK(std::is_sorted(pages.begin(), pages.end()));
  std::vector<std::size_t> bytes;
  heap.bytes_in_pages(pages, &bytes);
  REQUIRE(bytes.size() == pages.size());
  std::size_t with_something = 0;
  for (std::size_t index = 0; index < pages.size(); ++index) {
    if (bytes[index] == 0) continue;
    ++with_something;
    const std::byte* end = pages[index] + bytes[index];
    CHECK(end >= reinterpret_cast<std::byte*>(object) + 100);
    CHECK(end < reinterpret_cast<std::byte*>(object) + 2 * 112);
    CHECK(std::all_of(end, static_cast<const std::byte*>(pages[index]) + kPageSize,
                      [](std::byte byte) { return byte == std::byte{0}; }));
  }
  CHECK(with_something == 1);
  heap.detach(local);
}

TEST_CASE("pages without an object serve cells of any size", "[heap]") {
  TestHeap test;
  std::set<std::uintptr_t> pages;
  auto page_of = [](Object* object) { return reinterpret_cast<std::uintptr_t>(object) / kPageSize; };
  for (int count = 0; count < 20'000; ++count) pages.insert(page_of(test.make_link()));
  test.collect({});
  test.collect({});
  int reused = 0;
  std::set<std::uintptr_t> others;
  for (int count = 0; count < 500; ++count)
    others.insert(page_of(test.local->allocate(ObjectKind::kString, 1000)));
  for (const std::uintptr_t page : others) reused += static_cast<int>(pages.count(page));
  CHECK(reused == static_cast<int>(others.size()));
  CHECK(test.destroyed == 20'000);
  test.heap.verify();
}

TEST_CASE("a thorough collection finds pages that are free at once", "[heap]") {
  TestHeap test;
  for (int round = 0; round < 3; ++round) {
    std::vector<Object*> objects;
    for (int count = 0; count < 200'000; ++count) objects.push_back(test.make_link());
    Object* kept = objects[100'000];
    test.heap.collect([&](Marker& marker) { marker.mark_object(kept); }, Heap::Thoroughness::kThorough);
    // The one that the round before has kept goes too.
    CHECK(test.destroyed == (round + 1) * 200'000 - 1);
    CHECK(test.count_objects() == 1);
    test.heap.verify();
  }
}

TEST_CASE("what each thread allocates is counted when it is asked for", "[heap]") {
  Heap heap;
  LocalHeap* first = heap.attach(nullptr);
  LocalHeap* second = heap.attach(nullptr);
  for (int count = 0; count < 1000; ++count) {
    first->allocate(ObjectKind::kString, 48);
    second->allocate(ObjectKind::kString, 112);
  }
  // Exact for the one that asks; of the other one the free cells of its page count too.
  const std::size_t exact = 1000 * (48 + 112);
  CHECK(heap.bytes_in_use(first) >= exact);
  CHECK(heap.bytes_in_use(first) <= exact + kPageSize);
  CHECK(heap.bytes_in_use(first) - first->unused_bytes() <= heap.bytes_in_use());
  heap.detach(first);
  heap.detach(second);
}

TEST_CASE("beyond its limit a heap has no room for what is large", "[heap]") {
  TestHeap test;
  test.heap.set_limit(4 << 20);
  Object* object = test.local->try_allocate(ObjectKind::kString, 3 << 20);
  REQUIRE(object);
  CHECK(test.local->try_allocate(ObjectKind::kString, 2 << 20) == nullptr);
  CHECK_FALSE(test.heap.has_room(2 << 20));
  CHECK(test.local->try_allocate(ObjectKind::kString, 100));
  test.collect({});
  CHECK(test.local->try_allocate(ObjectKind::kString, 2 << 20));
}

TEST_CASE("a limit asks for collections though the script has stopped them", "[heap]") {
  TestHeap test;
  test.heap.set_enabled(false);
  test.heap.set_limit(4 << 20);
  CHECK_FALSE(test.heap.wants_collection());
  for (int count = 0; count < 4; ++count) test.local->allocate(ObjectKind::kString, 1 << 20);
  CHECK(test.heap.wants_collection());
  test.collect({});
  CHECK_FALSE(test.heap.wants_collection());
  CHECK_FALSE(test.heap.is_exhausted());
}

TEST_CASE("a thread that comes later gets the part of the heap that another one left", "[heap]") {
  Heap heap;
  LocalHeap* first = heap.attach(nullptr);
  LocalHeap* second = heap.attach(nullptr);
  CHECK(first != second);
  heap.detach(first);
  CHECK(heap.attach(nullptr) == first);
}

TEST_CASE("objects of a thread that has ended are collected like others", "[heap]") {
  TestHeap test;
  LocalHeap* other = test.heap.attach(nullptr);
  auto* link = static_cast<Link*>(other->allocate(ObjectKind::kUserdata, sizeof(Link)));
  link->next = nullptr;
  link->destroyed = &test.destroyed;
  test.heap.detach(other);
  test.collect_and_sweep({link});
  CHECK(test.destroyed == 0);
  test.collect_and_sweep({});
  CHECK(test.destroyed == 1);
}

TEST_CASE("the end of a heap destroys every object", "[heap]") {
  int destroyed = 0;
  {
    Heap heap;
    heap.define_kind(ObjectKind::kUserdata, {Link::trace, Link::destroy});
    LocalHeap* local = heap.attach(nullptr);
    for (const std::size_t size : {sizeof(Link), std::size_t{5000}}) {
      auto* link = static_cast<Link*>(local->allocate(ObjectKind::kUserdata, size));
      link->next = nullptr;
      link->destroyed = &destroyed;
    }
  }
  CHECK(destroyed == 2);
}

TEST_CASE("a key that only a table's empty entry holds is marked as dead", "[heap]") {
  TestHeap test;
  Slot dead, alive;
  Box* box = static_cast<Box*>(test.local->allocate(ObjectKind::kBox, sizeof(Box)));
  Box* kept = static_cast<Box*>(test.local->allocate(ObjectKind::kBox, sizeof(Box)));
  dead.store(Value::box(box));
  alive.store(Value::box(kept));
  test.heap.collect([&](Marker& marker) {
    marker.remember_unset_key(&dead);
    marker.remember_unset_key(&alive);
    marker.mark_object(kept);
  });
  CHECK(dead.load() == Value::dead());
  CHECK(alive.load() == Value::box(kept));
}

TEST_CASE("threads allocate at the same time without sharing a cell", "[heap][threads]") {
  Heap heap;
  constexpr int kThreads = 4;
  constexpr int kObjects = 50'000;
  std::vector<std::vector<Object*>> made(kThreads);
  std::vector<std::thread> threads;
  for (int number = 0; number < kThreads; ++number) {
    threads.emplace_back([&heap, &objects = made[static_cast<std::size_t>(number)], number] {
      LocalHeap* local = heap.attach(nullptr);
      for (int count = 0; count < kObjects; ++count) {
        auto* box =
            static_cast<Box*>(local->allocate(ObjectKind::kBox, count % 50 == 0 ? 3000 : sizeof(Box)));
        box->integer = std::int64_t{number} << 32 | count;
        objects.push_back(box);
      }
      heap.detach(local);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<Object*> addresses;
  for (std::size_t number = 0; number < made.size(); ++number) {
    for (std::size_t count = 0; count < made[number].size(); ++count) {
      addresses.insert(made[number][count]);
      REQUIRE(static_cast<Box*>(made[number][count])->integer ==
              static_cast<std::int64_t>(number << 32 | count));
    }
  }
  CHECK(addresses.size() == std::size_t{kThreads} * kObjects);
  heap.verify();
}

TEST_CASE("what is free before a fork is used again afterwards, and what is in use stays", "[heap]") {
  TestHeap test;
  Link* kept = nullptr;
  for (int round = 0; round < 4; ++round) {
    for (std::size_t count = 0; count < 200'000; ++count) {
      test.make_link(nullptr, sizeof(Link) + count % 40 * 16);
      if (count % 1000 == 0) kept = test.make_link(kept);
    }
    test.collect({kept});
    for (int fork = 0; fork < 2; ++fork) {
      test.heap.lock_for_fork();
      test.heap.unlock();
    }
    std::size_t length = 0;
    for (Object* link = kept; link; link = static_cast<Link*>(link)->next) ++length;
    CHECK(length == static_cast<std::size_t>(round + 1) * 200);
  }
  test.collect_and_sweep({kept});
  CHECK(test.count_objects() == 800);
  test.heap.verify();
}

}  // namespace gilvm
