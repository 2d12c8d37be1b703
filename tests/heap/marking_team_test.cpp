#include "vm/heap/marking_team.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "vm/heap/heap.h"

namespace gilvm {
namespace {

// An object with as many references as it has room for, which counts how often it is traced. As a kClosure it
// is traced in parts, and counts its references instead; as a kCell its references are fetched first.
struct Hub : Object {
  std::uint32_t count;
  std::atomic<std::uint32_t> traced;
  Object** references() { return reinterpret_cast<Object**>(this + 1); }
  std::uint32_t traced_at_once() const { return kind == ObjectKind::kClosure ? count : 1; }

  static void trace(Marker& marker, Object* object) {
    auto* hub = static_cast<Hub*>(object);
    hub->traced.fetch_add(1, std::memory_order_relaxed);
    for (std::uint32_t index = 0; index < hub->count; ++index) marker.mark_object(hub->references()[index]);
  }
  static void trace_fetched(Marker& marker, Object* object) {
    auto* hub = static_cast<Hub*>(object);
    hub->traced.fetch_add(1, std::memory_order_relaxed);
    for (std::uint32_t index = 0; index < hub->count; ++index) {
      marker.mark(Value::cell(reinterpret_cast<Cell*>(hub->references()[index])));
    }
  }
  static void trace_in_parts(Marker& marker, Object* object) {
    marker.trace_in_parts(object, static_cast<Hub*>(object)->count);
  }
  static void trace_elements(Marker& marker, Object* object, std::uint64_t first, std::uint64_t last) {
    auto* hub = static_cast<Hub*>(object);
    hub->traced.fetch_add(static_cast<std::uint32_t>(last - first), std::memory_order_relaxed);
    for (std::uint64_t index = first; index < last; ++index) marker.mark_object(hub->references()[index]);
  }
  static void trace_alone(Marker& marker, Object* object) {
    if (!marker.postpones(object)) trace(marker, object);
  }
};

class Team {
 public:
  explicit Team(unsigned helpers) : local_(heap.attach(nullptr)), team_(heap, [this] { ++calls; }) {
    heap.define_kind(ObjectKind::kTable, {Hub::trace});
    heap.define_kind(ObjectKind::kCell, {Hub::trace_fetched});
    heap.define_kind(ObjectKind::kClosure,
                     {Hub::trace_in_parts, nullptr, nullptr, nullptr, nullptr, Hub::trace_elements});
    heap.define_kind(ObjectKind::kUserdata, {Hub::trace_alone});
    for (unsigned helper = 0; helper < helpers; ++helper) {
      threads_.emplace_back([this] {
        while (!is_over_.load()) {
          team_.help();
          std::this_thread::yield();
        }
      });
    }
  }
  ~Team() {
    is_over_.store(true);
    for (std::thread& thread : threads_) thread.join();
  }

  Hub* make(std::vector<Object*> references, ObjectKind kind = ObjectKind::kTable) {
    const std::size_t size = sizeof(Hub) + references.size() * sizeof(Object*);
    auto* hub = static_cast<Hub*>(local_->allocate(kind, size));
    hub->count = static_cast<std::uint32_t>(references.size());
    new (&hub->traced) std::atomic<std::uint32_t>(0);
    std::copy(references.begin(), references.end(), hub->references());
    all.push_back(hub);
    return hub;
  }
  Hub* make_tree(unsigned depth) {
    if (depth == 0) return make({});
    return make({make_tree(depth - 1), make_tree(depth - 1)});
  }
  void collect(Object* root) {
    heap.collect([root](Marker& marker) { marker.mark_object(root); }, Heap::Thoroughness::kQuick, &team_);
  }
  Hub* make_list(unsigned length) {
    Hub* list = make({}, ObjectKind::kCell);
    for (unsigned count = 1; count < length; ++count) list = make({list}, ObjectKind::kCell);
    return list;
  }
  // Every object was traced so often, and all are in use.
  void check_traced(std::uint32_t times) {
    std::size_t bytes = 0;
    bool right = true;
    for (Hub* hub : all) {
      right = right && hub->traced.load() == times * hub->traced_at_once();
      bytes += size_in_heap(hub);
    }
    CHECK(right);
    CHECK(heap.bytes_in_use() == bytes);
  }

  Heap heap;
  std::vector<Hub*> all;
  int calls = 0;

 private:
  LocalHeap* local_;
  MarkingTeam team_;
  std::atomic<bool> is_over_{false};
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("a team traces every object once, whatever its shape", "[marking_team]") {
  Team team(GENERATE(0u, 1u, 3u));
  Object* root = nullptr;
  bool is_shared = true;
  SECTION("a tree") { root = team.make_tree(15); }
  SECTION("a list, which gives nobody else anything to do") {
    root = team.make_list(50'000);
    is_shared = false;
  }
  SECTION("two lists, which are shared though each has one object to trace at a time") {
    root = team.make({team.make_list(50'000), team.make_list(50'000)}, ObjectKind::kCell);
  }
  SECTION("one object in parts, each leading to little") {
    std::vector<Object*> many;
    for (int count = 0; count < 50'000; ++count) many.push_back(team.make({}));
    root = team.make(many, ObjectKind::kClosure);
  }
  SECTION("objects in parts, within one another") {
    std::vector<Object*> rows;
    for (int row = 0; row < 20; ++row) {
      std::vector<Object*> many;
      for (int count = 0; count < 2'000; ++count) many.push_back(team.make({}));
      rows.push_back(team.make(many, ObjectKind::kClosure));
    }
    rows.resize(1'000, team.make_tree(3));
    root = team.make(rows, ObjectKind::kClosure);
  }
  SECTION("one object with many") {
    std::vector<Object*> many;
    for (int count = 0; count < 50'000; ++count) many.push_back(team.make({}));
    root = team.make(many);
  }
  SECTION("objects that all refer to the same") {
    Object* shared = team.make_tree(5);
    std::vector<Object*> many;
    for (int count = 0; count < 20'000; ++count)
      many.push_back(team.make({shared, many.empty() ? shared : many.back()}));
    root = team.make(many);
  }
  for (std::uint32_t round = 1; round <= 20; ++round) {
    team.collect(root);
    team.check_traced(round);
  }
  CHECK((team.calls > 0) == is_shared);
}

TEST_CASE("what must be traced alone is, and what it leads to is shared again", "[marking_team]") {
  Team team(2);
  std::vector<Object*> alone;
  for (int count = 0; count < 300; ++count) {
    alone.push_back(
        team.make({team.make_tree(7), team.make({}, ObjectKind::kUserdata)}, ObjectKind::kUserdata));
  }
  Object* root = team.make({team.make(alone), team.make_tree(12)});
  for (std::uint32_t round = 1; round <= 20; ++round) {
    team.collect(root);
    team.check_traced(round);
  }
}

TEST_CASE("half of a grey list goes, of one part its second half", "[marking_team]") {
  Object objects[5];
  GreyList list, other;
  CHECK_FALSE(list.can_be_halved());
  list.objects = {&objects[0]};
  CHECK_FALSE(list.can_be_halved());
  list.objects = {&objects[0], &objects[1], &objects[2]};
  CHECK(list.can_be_halved());
  list.move_half(&other);
  CHECK(other.objects == std::vector<Object*>{&objects[0]});
  CHECK(list.objects == std::vector<Object*>{&objects[1], &objects[2]});

  list.objects.clear();
  list.parts = {{&objects[3], 0, GreyList::kPart}};
  CHECK_FALSE(list.can_be_halved());
  list.parts = {{&objects[3], 100, 100 + 2 * GreyList::kPart}};
  CHECK(list.can_be_halved());
  list.move_half(&other);
  REQUIRE(other.parts.size() == 1);
  CHECK(other.parts[0].first == 100 + GreyList::kPart);
  CHECK(other.parts[0].last == 100 + 2 * GreyList::kPart);
  CHECK(list.parts[0].last == 100 + GreyList::kPart);

  list.parts.push_back({&objects[4], 0, GreyList::kPart + 1});
  const GreyList::Part part = list.take_part();
  CHECK((part.object == &objects[4] && part.first == 0 && part.last == GreyList::kPart));
  CHECK(list.take_part().last == GreyList::kPart + 1);
  CHECK(list.take_part().object == &objects[3]);
  CHECK(list.is_empty());
}

TEST_CASE("nobody is called for what one marks quickly", "[marking_team]") {
  Team team(0);
  Object* root = team.make_tree(6);
  team.collect(root);
  team.check_traced(1);
  CHECK(team.calls == 0);
}

}  // namespace gilvm
