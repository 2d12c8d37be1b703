#include "vm/heap/marking_team.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "vm/heap/heap.h"

namespace gilvm {
namespace {

// An object with as many references as it has room for, which counts how often it is traced.
struct Hub : Object {
  std::uint32_t count;
  std::atomic<std::uint32_t> traced;
  Object** references() { return reinterpret_cast<Object**>(this + 1); }

  static void trace(Marker& marker, Object* object) {
    auto* hub = static_cast<Hub*>(object);
    hub->traced.fetch_add(1, std::memory_order_relaxed);
    for (std::uint32_t index = 0; index < hub->count; ++index) marker.mark_object(hub->references()[index]);
  }
  static void trace_alone(Marker& marker, Object* object) {
    if (!marker.postpones(object)) trace(marker, object);
  }
};

class Team {
 public:
  explicit Team(unsigned helpers) : local_(heap.attach(nullptr)), team_(heap, [this] { ++calls; }) {
    heap.define_kind(ObjectKind::kTable, {Hub::trace});
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
  // Every object was traced so often, and all are in use.
  void check_traced(std::uint32_t times) {
    std::size_t bytes = 0;
    bool right = true;
    for (Hub* hub : all) {
      right = right && hub->traced.load() == times;
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
    for (int count = 0; count < 50'000; ++count) root = root ? team.make({root}) : team.make({});
    is_shared = false;
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

TEST_CASE("nobody is called for what one marks quickly", "[marking_team]") {
  Team team(0);
  Object* root = team.make_tree(6);
  team.collect(root);
  team.check_traced(1);
  CHECK(team.calls == 0);
}

}  // namespace gilvm
