#include "vm/base/snapshot_area.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <optional>

namespace gilvm {
namespace {

// An area, whatever the program's operators do.
struct Fixture {
  Fixture() {
    SnapshotArea::serves_operators = true;
    area.emplace();
  }
  ~Fixture() {
    area.reset();
    SnapshotArea::serves_operators = served;
  }
  char* take(std::size_t bytes, std::size_t alignment = 1) {
    const SnapshotArea::Inside inside(&*area);
    return static_cast<char*>(SnapshotArea::take(bytes, alignment));
  }

  const bool served = SnapshotArea::serves_operators;
  std::optional<SnapshotArea> area;
};

TEST_CASE("an area needs operators that allocate in it", "[snapshot_area]") {
  Fixture fixture;
  CHECK(fixture.area->is_usable());
  fixture.area.reset();
  SnapshotArea::serves_operators = false;
  fixture.area.emplace();
  CHECK_FALSE(fixture.area->is_usable());
}

TEST_CASE("memory is as it was when it was saved, at the same address", "[snapshot_area]") {
  Fixture fixture;
  char* text = fixture.take(6);
  std::strcpy(text, "first");
  fixture.area->save();
  const char* first = nullptr;
  for (int turn = 0; turn < 3; ++turn) {
    std::strcpy(text, "other");
    char* later = fixture.take(100);
    if (!first) first = later;
    CHECK(later == first);
    std::memset(later, 1, 100);
    fixture.area->restore();
    CHECK(std::strcmp(text, "first") == 0);
  }
  CHECK_FALSE(fixture.area->has_effects());
}

TEST_CASE("memory is as it was at a moment after that, with what had been taken by then", "[snapshot_area]") {
  Fixture fixture;
  char* text = fixture.take(6);
  std::strcpy(text, "first");
  fixture.area->save();
  CHECK(fixture.area->has_moments());
  std::strcpy(text, "other");
  char* later = fixture.take(6);
  std::strcpy(later, "later");
  char more[] = "stack";
  SnapshotArea::Moment moment;
  fixture.area->save(&moment, {std::as_writable_bytes(std::span(more))});
  const char* next = nullptr;
  for (int turn = 0; turn < 2; ++turn) {
    std::strcpy(text, "third");
    std::strcpy(later, "never");
    std::strcpy(more, "moved");
    const char* taken = fixture.take(50);
    if (!next) next = taken;
    CHECK(taken == next);
    fixture.area->restore(moment);
    CHECK(std::strcmp(text, "other") == 0);
    CHECK(std::strcmp(later, "later") == 0);
    CHECK(std::strcmp(more, "stack") == 0);
  }
  fixture.area->restore();
  CHECK(std::strcmp(text, "first") == 0);
  CHECK(fixture.take(6) == later);
}

TEST_CASE("an area has no moments once it has grown above, or had an effect", "[snapshot_area]") {
  Fixture fixture;
  fixture.area->save();
  fixture.area->allocate_above(100, 8);
  CHECK_FALSE(fixture.area->has_moments());
  fixture.area->restore();
  CHECK(fixture.area->has_moments());
  const SnapshotArea::Inside inside(&*fixture.area);
  SnapshotArea::has_effect_outside();
  CHECK_FALSE(fixture.area->has_moments());
}

TEST_CASE("who is outside of an area takes nothing from it", "[snapshot_area]") {
  Fixture fixture;
  void* outside = SnapshotArea::take(10);
  CHECK_FALSE(SnapshotArea::holds(outside));
  SnapshotArea::give(outside);
  {
    const SnapshotArea::Inside inside(&*fixture.area);
    void* memory = SnapshotArea::take(10);
    CHECK(SnapshotArea::holds(memory));
    SnapshotArea::give(memory);
    const SnapshotArea::Inside again_outside(nullptr);
    outside = SnapshotArea::take(10);
    CHECK_FALSE(SnapshotArea::holds(outside));
    SnapshotArea::give(outside);
  }
  CHECK(SnapshotArea::current() == nullptr);
}

TEST_CASE("memory is aligned as it is wanted", "[snapshot_area]") {
  Fixture fixture;
  fixture.take(3);
  CHECK(reinterpret_cast<std::uintptr_t>(fixture.take(8, 64)) % 64 == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(fixture.take(1, 4096)) % 4096 == 0);
  CHECK(reinterpret_cast<std::uintptr_t>(fixture.area->allocate_above(100, 32768)) % 32768 == 0);
}

TEST_CASE("what is taken above is zero also where a run before has used it", "[snapshot_area]") {
  Fixture fixture;
  fixture.area->save();
  auto* page = static_cast<char*>(fixture.area->allocate_above(4096, 4096));
  std::memset(page, 7, 4096);
  fixture.area->restore();
  auto* again = static_cast<char*>(fixture.area->allocate_above(4096, 4096));
  CHECK(again == page);
  bool is_zero = true;
  for (int index = 0; index < 4096; ++index) is_zero = is_zero && again[index] == 0;
  CHECK(is_zero);
}

TEST_CASE("what no longer fits comes from elsewhere, and is an effect", "[snapshot_area]") {
  Fixture fixture;
  char* large = fixture.take(std::size_t{1} << 30);
  REQUIRE(large != nullptr);
  CHECK_FALSE(SnapshotArea::holds(large));
  CHECK(fixture.area->has_effects());
  SnapshotArea::give(large);
}

TEST_CASE("an effect outside concerns the area that the thread is inside of", "[snapshot_area]") {
  Fixture fixture;
  SnapshotArea::has_effect_outside();
  CHECK_FALSE(fixture.area->has_effects());
  const SnapshotArea::Inside inside(&*fixture.area);
  SnapshotArea::has_effect_outside();
  CHECK(fixture.area->has_effects());
}

}  // namespace
}  // namespace gilvm
