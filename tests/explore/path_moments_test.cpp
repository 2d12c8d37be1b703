#include "vm/explore/path_moments.h"

#include <catch2/catch.hpp>

namespace gilvm {
namespace {

constexpr std::size_t kBytes = 80'000;

TEST_CASE("a moment is kept where many schedules are to go on from it", "[path_moments]") {
  PathMoments moments;
  for (int schedule = 0; schedule < 1000; ++schedule) moments.last_within(schedule % 100 == 0 ? 5 : 15);
  CHECK(moments.is_due(5, 1, kBytes));         // none has left these steps
  CHECK(moments.is_due(10, 1, kBytes));        // one in a hundred has
  CHECK_FALSE(moments.is_due(16, 1, kBytes));  // all have
  CHECK_FALSE(moments.is_due(16, 1'000'000, kBytes));
  moments.last_within(18);  // one has not
  for (int schedule = 0; schedule < 5; ++schedule) moments.last_within(17);
  CHECK(moments.is_due(16, 10'000, kBytes));
}

TEST_CASE("a moment is kept where it is far from the one before", "[path_moments]") {
  PathMoments moments;
  for (int schedule = 0; schedule < 1000; ++schedule) moments.last_within(schedule % 2 == 0 ? 5 : 15);
  CHECK_FALSE(moments.is_due(10, 3, kBytes));
  CHECK(moments.is_due(10, 100, kBytes));
  moments.add(10, 100);
  CHECK_FALSE(moments.is_due(11, 100, kBytes));
  CHECK_FALSE(moments.is_due(11, 103, kBytes));
  CHECK(moments.is_due(11, 200, kBytes));
}

TEST_CASE("a schedule goes on from the last moment that it has in common", "[path_moments]") {
  PathMoments moments;
  for (const std::size_t steps : {2, 5, 9}) moments.add(steps, 10 * steps);
  const PathMoments::Moment* last = moments.last_within(9);
  REQUIRE(last);
  CHECK(last->steps == 9);
  last = moments.last_within(8);
  REQUIRE(last);
  CHECK(last->steps == 5);
  last = moments.last_within(20);
  REQUIRE(last);
  CHECK(last->steps == 5);  // what lay behind is no longer on the path
  CHECK_FALSE(moments.last_within(1));
}

}  // namespace
}  // namespace gilvm
